#pragma once

// Includes gRPC: for this module's tests only.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/iam/v1/iam_policy.grpc.pb.h>
#include <google/pubsub/v1/pubsub.grpc.pb.h>
#include "net/certificate.hpp"
#include "sandbox/pubsub/jwt_for_test.hpp"
#include "sandbox/pubsub/pubsub_service.hpp"

namespace sluice::sandbox {

namespace v1 = google::pubsub::v1;

constexpr const char* kTopic = "projects/sluice-sandbox/topics/events";
constexpr const char* kSubscription = "projects/sluice-sandbox/subscriptions/readers";

/// The stand-in on a free port, and channels to it.
class PubsubFixture : public testing::Test {
  protected:
    explicit PubsubFixture(PubsubOptions options = {}, bool tls = false)
        : pubsub_(options, received_, faults_, SystemClock::instance()) {
        if (!tls) return;
        CertificateRequest request;
        request.common_name = "localhost";
        request.dns_names = {"localhost"};
        request.ip_addresses = {"127.0.0.1"};
        certificate_ = make_certificate(request).value();
    }

    void SetUp() override { start(); }
    void start() {
        ListenOptions listen;
        listen.certificate_pem = certificate_.certificate_pem;
        listen.key_pem = certificate_.key_pem;
        auto started = pubsub_.start(listen);
        ASSERT_TRUE(started) << started.error().message;
    }

    std::shared_ptr<grpc::Channel> connect() {
        auto target = pubsub_.url().substr(pubsub_.url().find("//") + 2);
        if (certificate_.certificate_pem.empty()) return own_channel(target, grpc::InsecureChannelCredentials());
        grpc::SslCredentialsOptions tls;
        tls.pem_root_certs = certificate_.certificate_pem;
        return own_channel(target, grpc::SslCredentials(tls));
    }
    std::unique_ptr<v1::Publisher::Stub> publisher() { return v1::Publisher::NewStub(channel()); }
    std::unique_ptr<v1::Subscriber::Stub> subscriber() { return v1::Subscriber::NewStub(channel()); }

    std::shared_ptr<grpc::Channel> channel() {
        if (!channel_) channel_ = connect();
        return channel_;
    }

    /// For one call: with the token, where there is one. Waits for a connection.
    std::unique_ptr<grpc::ClientContext> context() const {
        auto context = std::make_unique<grpc::ClientContext>();
        context->set_wait_for_ready(true);
        if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
        return context;
    }
    void sign_in(GoogleRole role) {
        token_ = JwtSigner(pubsub_.service_account_json(role))
                     .sign(SystemClock::instance().now(), R"("aud":"https://pubsub.googleapis.com/")");
    }

    grpc::Status create_topic(const std::string& name = kTopic) {
        v1::Topic topic, answer;
        topic.set_name(name);
        return publisher()->CreateTopic(context().get(), topic, &answer);
    }
    grpc::Status create_subscription(bool ordered, const std::string& name = kSubscription) {
        v1::Subscription subscription, answer;
        subscription.set_name(name);
        subscription.set_topic(kTopic);
        subscription.set_enable_message_ordering(ordered);
        return subscriber()->CreateSubscription(context().get(), subscription, &answer);
    }
    static v1::PublishRequest request_of(const std::vector<std::string>& bodies, const std::string& key = {}) {
        v1::PublishRequest request;
        request.set_topic(kTopic);
        for (const auto& body : bodies) {
            auto& message = *request.add_messages();
            message.set_data(body);
            message.set_ordering_key(key);
        }
        return request;
    }
    grpc::Status publish(const v1::PublishRequest& request) {
        response_.Clear();
        return publisher()->Publish(context().get(), request, &response_);
    }
    grpc::Status publish(const std::vector<std::string>& bodies, const std::string& key = {}) {
        return publish(request_of(bodies, key));
    }
    std::vector<std::string> bodies() {
        std::vector<std::string> all;
        for (const auto& item : received_.read(1, 100'000)) all.emplace_back(item.body.view());
        return all;
    }
    /// Pulls once and acknowledges.
    std::vector<v1::ReceivedMessage> pull(int most = 1000, bool acknowledge = true) {
        v1::PullRequest request;
        request.set_subscription(kSubscription);
        request.set_max_messages(most);
        request.set_return_immediately(true);
        v1::PullResponse response;
        auto status = subscriber()->Pull(context().get(), request, &response);
        EXPECT_TRUE(status.ok()) << status.error_message();
        v1::AcknowledgeRequest done;
        done.set_subscription(kSubscription);
        for (const auto& message : response.received_messages()) done.add_ack_ids(message.ack_id());
        google::protobuf::Empty empty;
        if (acknowledge && done.ack_ids_size() > 0) {
            EXPECT_TRUE(subscriber()->Acknowledge(context().get(), done, &empty).ok());
        }
        return {response.received_messages().begin(), response.received_messages().end()};
    }
    static std::vector<std::string> data_of(const std::vector<v1::ReceivedMessage>& messages) {
        std::vector<std::string> all;
        for (const auto& message : messages) all.push_back(message.message().data());
        return all;
    }

    ReceivedLog received_{{}, SystemClock::instance()};
    FaultInjector faults_;
    PubsubService pubsub_;
    Certificate certificate_;
    std::shared_ptr<grpc::Channel> channel_;
    std::string token_;
    v1::PublishResponse response_;

  private:
    /// gRPC shares connections between channels of the same arguments; a test's own must not be another's.
    std::shared_ptr<grpc::Channel> own_channel(const std::string& target,
                                               const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10);
        arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
        arguments.SetMaxReceiveMessageSize(-1);
        return grpc::CreateCustomChannel(target, credentials, arguments);
    }
};

}  // namespace sluice::sandbox
