#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "auth/azure_sas.hpp"
#include "base/encoding.hpp"
#include "base/fake_clock.hpp"
#include "base/secret.hpp"
#include "net/run_for_test.hpp"
#include "sandbox/event_hubs/https_api.hpp"
#include "sandbox/event_hubs/kafka_broker.hpp"

namespace sluice::sandbox {

/// A namespace without a server, and a client's side of both protocols: frame or request in, answer out.
class EventHubsFixture : public testing::Test {
  protected:
    explicit EventHubsFixture(Hubs::Options hubs = {}) : hubs_(std::move(hubs), received_) {}

    static std::string plain(std::string_view connection_string) {
        using namespace std::string_view_literals;
        return std::string("\0$ConnectionString\0"sv) + std::string(connection_string);
    }
    std::string connection_string(std::size_t policy) const {
        return access_.connection_string(access_.policies()[policy]);
    }

    KafkaReply send(KafkaApi api, std::int16_t version, const KafkaWriter& body) {
        KafkaWriter frame;
        frame.int16(static_cast<std::int16_t>(api));
        frame.int16(version);
        frame.int32(++correlation_id_);
        frame.string("test");
        if (api == KafkaApi::api_versions && version >= 3) frame.unsigned_varint(0);
        frame.raw(body.view());
        return send_raw(frame.view());
    }
    KafkaReply send_raw(std::string_view frame) {
        return run_for_test(io_, broker_.handle(&session_, std::make_shared<const std::string>(frame)));
    }
    /// What follows size and correlation id in an answer.
    std::string ask(KafkaApi api, std::int16_t version, const KafkaWriter& body) {
        auto reply = send(api, version, body);
        EXPECT_EQ(reply.ending, KafkaReply::Ending::answer);
        KafkaReader in(reply.frame);
        EXPECT_EQ(in.int32(), static_cast<std::int32_t>(reply.frame.size()) - 4);
        EXPECT_EQ(in.int32(), correlation_id_);
        return std::string(in.take(in.left()));
    }

    struct Authenticated {
        KafkaError error = KafkaError::none;
        std::string message;
        std::int64_t lifetime_ms = 0;
        bool closed = false;
    };
    Authenticated authenticate(std::string_view mechanism, std::string_view response) {
        KafkaWriter handshake;
        handshake.string(mechanism);
        ask(KafkaApi::sasl_handshake, 1, handshake);
        KafkaWriter body;
        body.bytes(response);
        auto reply = send(KafkaApi::sasl_authenticate, 1, body);
        if (reply.ending != KafkaReply::Ending::answer) return {KafkaError::network_exception, {}, 0, true};
        KafkaReader in(std::string_view(reply.frame).substr(8));
        Authenticated got;
        got.error = static_cast<KafkaError>(in.int16());
        got.message = std::string(in.nullable_string().value_or(""));
        in.bytes();
        got.lifetime_ms = in.int64();
        got.closed = reply.close_after;
        EXPECT_TRUE(in.at_end());
        return got;
    }
    /// 0: the namespace's Manage policy, 1: its Send policy, 2: the event hub's.
    void log_in(std::size_t policy = 0) {
        ASSERT_EQ(authenticate("PLAIN", plain(connection_string(policy))).error, KafkaError::none);
    }

    struct Produced {
        KafkaError error = KafkaError::none;
        std::int64_t offset = -1;
        std::int32_t throttle_ms = 0;
    };
    static KafkaWriter produce_body(std::string_view topic, std::int32_t partition, std::string_view batch,
                                    std::int16_t acks = -1) {
        KafkaWriter body;
        body.null_string();
        body.int16(acks);
        body.int32(1000);
        body.array(1);
        body.string(topic);
        body.array(1);
        body.int32(partition);
        body.bytes(batch);
        return body;
    }
    static Produced read_produced(std::string_view answer) {
        KafkaReader in(answer);
        Produced got;
        EXPECT_EQ(in.array(1), 1);
        in.string();
        EXPECT_EQ(in.array(1), 1);
        in.int32();
        got.error = static_cast<KafkaError>(in.int16());
        got.offset = in.int64();
        EXPECT_EQ(in.int64(), -1);
        EXPECT_EQ(in.int64(), 0);
        got.throttle_ms = in.int32();
        EXPECT_TRUE(in.at_end());
        return got;
    }
    Produced produce_batch(std::string_view topic, std::int32_t partition, std::string_view batch) {
        return read_produced(ask(KafkaApi::produce, 7, produce_body(topic, partition, batch)));
    }
    Produced produce(std::string_view topic, std::vector<std::pair<std::string, std::string>> events,
                     std::int32_t partition = 0) {
        return produce_batch(topic, partition, batch_of(std::move(events)));
    }
    static std::string batch_of(std::vector<std::pair<std::string, std::string>> events) {
        NewBatch batch;
        batch.timestamp = 1'700'000'000'000;
        for (auto& [key, value] : events) batch.records.push_back({std::move(key), std::move(value), {{"h", "v"}}});
        return write_record_batch(batch);
    }

    http::Response https(std::string_view method, std::string_view path, std::string body = {},
                         http::Headers headers = {}) {
        auto outcome = https_outcome(method, path, std::move(body), std::move(headers));
        EXPECT_EQ(outcome.ending, Outcome::Ending::answer);
        return std::move(outcome.response);
    }
    Outcome https_outcome(std::string_view method, std::string_view path, std::string body, http::Headers headers) {
        http::Request request;
        request.method = std::string(method);
        request.target = std::string(path);
        request.path = std::string(path.substr(0, path.find('?')));
        if (auto at = path.find('?'); at != std::string_view::npos) request.query = std::string(path.substr(at + 1));
        request.headers = std::move(headers);
        request.headers.set("Host", "127.0.0.1:4580");
        request.body = std::move(body);
        EXPECT_TRUE(HttpsApi::claims(request)) << method << " " << path;
        return run_for_test(io_, https_.handle(std::move(request)));
    }
    std::string sas(std::string_view scope, std::size_t policy = 0, std::chrono::seconds life = std::chrono::hours(1)) {
        const auto& by = access_.policies()[policy];
        return auth::azure_sas_token(scope, Secret(by.key), clock_.now() + life, by.name).reveal();
    }
    static http::Headers authorization(std::string token) {
        http::Headers headers;
        headers.set("Authorization", std::move(token));
        return headers;
    }
    /// A token of the sandbox's own directory.
    std::string entra_token(std::string_view id, std::string_view secret) {
        auto body = "grant_type=client_credentials&client_id=" + std::string(id) +
                    "&client_secret=" + percent_encode(secret) +
                    "&scope=" + percent_encode("https://" + access_.host() + "/.default");
        auto answer = https("POST", "/" + std::string(kSandboxTenant) + "/oauth2/v2.0/token", body);
        EXPECT_EQ(answer.status, 200) << answer.body;
        constexpr std::string_view kName = "\"access_token\":\"";
        auto at = answer.body.find(kName) + kName.size();
        return answer.body.substr(at, answer.body.find('"', at) - at);
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    ReceivedLog received_{{}, clock_};
    FaultInjector faults_;
    EntraTokens tokens_{{}, std::string(kSandboxNamespace)};
    Access access_{{}, tokens_};
    Hubs hubs_;
    KafkaBroker broker_{access_, hubs_, faults_, clock_};
    HttpsApi https_{access_, tokens_, hubs_, faults_, clock_};
    KafkaSession session_{"127.0.0.1", 4581, {}, false, std::nullopt};
    std::int32_t correlation_id_ = 0;
};

}  // namespace sluice::sandbox
