#include "destinations/pubsub/fake_service.hpp"

#include <google/iam/v1/iam_policy.grpc.pb.h>
#include <google/pubsub/v1/pubsub.grpc.pb.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <utility>

namespace sluice::pubsub {

namespace v1 = google::pubsub::v1;

namespace {

std::string text_of(grpc::string_ref text) {
    return {text.data(), text.size()};
}

/// Answers nothing; over when the caller gives up.
class SilentReactor final : public grpc::ServerUnaryReactor {
  public:
    explicit SilentReactor(std::function<void()> over) : over_(std::move(over)) {}
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override {
        over_();
        delete this;
    }

  private:
    std::function<void()> over_;
};

class PlainReactor final : public grpc::ServerUnaryReactor {
  public:
    PlainReactor(const grpc::Status& status, std::function<void()> over) : over_(std::move(over)) { Finish(status); }
    void OnDone() override {
        over_();
        delete this;
    }

  private:
    std::function<void()> over_;
};

}  // namespace

struct FakeService::Impl {
    class Publisher final : public v1::Publisher::CallbackService {
      public:
        explicit Publisher(Impl& impl) : impl_(impl) {}

        grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context, const v1::PublishRequest* request,
                                          v1::PublishResponse* response) override {
            return impl_.publish(context, *request, *response);
        }
        grpc::ServerUnaryReactor* CreateTopic(grpc::CallbackServerContext* context, const v1::Topic* topic,
                                              v1::Topic* response) override {
            *response = *topic;
            return impl_.answer("CreateTopic", topic->name(), context, *topic);
        }
        grpc::ServerUnaryReactor* GetTopic(grpc::CallbackServerContext* context, const v1::GetTopicRequest* request,
                                           v1::Topic* response) override {
            response->set_name(request->topic());
            response->mutable_message_retention_duration()->set_seconds(7 * 24 * 3600);
            return impl_.answer("GetTopic", request->topic(), context, *request);
        }
        grpc::ServerUnaryReactor* ListTopics(grpc::CallbackServerContext* context, const v1::ListTopicsRequest* request,
                                             v1::ListTopicsResponse* response) override {
            response->add_topics()->set_name(request->project() + "/topics/one");
            return impl_.answer("ListTopics", request->project(), context, *request);
        }
        grpc::ServerUnaryReactor* ListTopicSubscriptions(grpc::CallbackServerContext* context,
                                                         const v1::ListTopicSubscriptionsRequest* request,
                                                         v1::ListTopicSubscriptionsResponse* response) override {
            {
                std::lock_guard lock(impl_.mutex);
                for (const auto& name : impl_.subscriptions[request->topic()]) response->add_subscriptions(name);
            }
            return impl_.answer("ListTopicSubscriptions", request->topic(), context, *request);
        }

      private:
        Impl& impl_;
    };

    class Policy final : public google::iam::v1::IAMPolicy::CallbackService {
      public:
        explicit Policy(Impl& impl) : impl_(impl) {}
        grpc::ServerUnaryReactor* TestIamPermissions(grpc::CallbackServerContext* context,
                                                     const google::iam::v1::TestIamPermissionsRequest* request,
                                                     google::iam::v1::TestIamPermissionsResponse* response) override {
            // `react` may say that the right is missing by a success that is nonsense.
            Reaction reaction;
            auto* reactor = impl_.answer("TestIamPermissions", request->resource(), context, *request, &reaction);
            if (!reaction.is_nonsense) *response->mutable_permissions() = request->permissions();
            return reactor;
        }

      private:
        Impl& impl_;
    };

    explicit Impl(const Options& options) : publisher(*this), policy(*this) {
        grpc::ServerBuilder builder;
        auto credentials = grpc::InsecureServerCredentials();
        if (!options.key_pem.empty()) {
            grpc::SslServerCredentialsOptions tls;
            tls.pem_key_cert_pairs.push_back({options.key_pem, options.certificate_pem});
            credentials = grpc::SslServerCredentials(tls);
        }
        builder.AddListeningPort("127.0.0.1:0", credentials, &port);
        builder.SetMaxReceiveMessageSize(11'000'000);
        builder.RegisterService(&publisher);
        builder.RegisterService(&policy);
        server = builder.BuildAndStart();
    }

    ~Impl() { server->Shutdown(std::chrono::system_clock::now()); }

    Request request_of(std::string method, std::string target, grpc::CallbackServerContext* context,
                       const google::protobuf::Message& message) {
        Request request;
        request.method = std::move(method);
        request.target = std::move(target);
        if (is_counting) return request;
        request.bytes = message.SerializeAsString();
        for (const auto& [name, value] : context->client_metadata()) {
            request.metadata.emplace(text_of(name), text_of(value));
        }
        request.authority = text_of(context->ExperimentalGetAuthority());
        return request;
    }

    Reaction react_to(const Request& request) {
        React now;
        {
            std::lock_guard lock(mutex);
            now = reacts;
            if (!is_counting) requests.push_back(request);
        }
        return now ? now(request) : Reaction();
    }

    grpc::ServerUnaryReactor* finish(const Reaction& reaction, std::function<void()> over) {
        if (reaction.is_silent) return new SilentReactor(std::move(over));
        grpc::Status status(static_cast<grpc::StatusCode>(reaction.status), reaction.message, reaction.details);
        return new PlainReactor(reaction.status == Status::ok ? grpc::Status::OK : status, std::move(over));
    }

    grpc::ServerUnaryReactor* answer(std::string method, std::string target, grpc::CallbackServerContext* context,
                                     const google::protobuf::Message& message, Reaction* told = nullptr) {
        auto reaction = react_to(request_of(std::move(method), std::move(target), context, message));
        if (told != nullptr) *told = reaction;
        return finish(reaction, [] {});
    }

    grpc::ServerUnaryReactor* publish(grpc::CallbackServerContext* context, const v1::PublishRequest& request,
                                      v1::PublishResponse& response) {
        auto at_a_time = ++publishing;
        auto most = most_publishing.load();
        while (at_a_time > most && !most_publishing.compare_exchange_weak(most, at_a_time)) {
        }
        auto told = request_of("Publish", request.topic(), context, request);
        if (!is_counting) {
            for (const auto& message : request.messages()) {
                told.messages.push_back({request.topic(),
                                         message.data(),
                                         {message.attributes().begin(), message.attributes().end()},
                                         message.ordering_key()});
            }
        }
        auto reaction = react_to(told);
        if (!reaction.date.empty()) context->AddTrailingMetadata("date", reaction.date);
        bool is_answer = reaction.status == Status::ok;
        if (reaction.stores && (is_answer || reaction.is_silent)) {
            stored_messages += static_cast<std::size_t>(request.messages_size());
            std::lock_guard lock(mutex);
            stored.insert(stored.end(), told.messages.begin(), told.messages.end());
        }
        if (is_answer && !reaction.is_nonsense) {
            for (int i = 0; i < request.messages_size(); ++i) response.add_message_ids(std::to_string(++last_id));
        }
        return finish(reaction, [this] { --publishing; });
    }

    Publisher publisher;
    Policy policy;
    std::unique_ptr<grpc::Server> server;
    int port = 0;
    std::mutex mutex;
    React reacts;
    std::vector<Request> requests;
    std::vector<Published> stored;
    std::map<std::string, std::set<std::string>> subscriptions;
    std::atomic<bool> is_counting{false};
    std::atomic<std::size_t> stored_messages{0};
    std::atomic<std::size_t> publishing{0};
    std::atomic<std::size_t> most_publishing{0};
    std::atomic<std::uint64_t> last_id{0};
};

FakeService::FakeService() : FakeService(Options()) {}
FakeService::FakeService(Options options) : impl_(std::make_unique<Impl>(options)) {}
FakeService::~FakeService() = default;

std::uint16_t FakeService::port() const noexcept {
    return static_cast<std::uint16_t>(impl_->port);
}

void FakeService::react(React react) {
    std::lock_guard lock(impl_->mutex);
    impl_->reacts = std::move(react);
}

std::vector<FakeService::Request> FakeService::requests() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->requests;
}

std::vector<FakeService::Request> FakeService::requests(std::string_view method) const {
    auto all = requests();
    std::erase_if(all, [method](const Request& request) { return request.method != method; });
    return all;
}

std::vector<FakeService::Published> FakeService::stored() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->stored;
}

std::size_t FakeService::stored_count() const {
    return impl_->stored_messages;
}

void FakeService::keep_nothing() {
    impl_->is_counting = true;
}

void FakeService::subscribe(const std::string& topic, const std::string& subscription) {
    std::lock_guard lock(impl_->mutex);
    impl_->subscriptions[topic].insert(subscription);
}

std::size_t FakeService::under_way() const {
    return impl_->publishing;
}

std::size_t FakeService::most_at_a_time() const {
    return impl_->most_publishing;
}

}  // namespace sluice::pubsub
