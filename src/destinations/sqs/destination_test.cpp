#include "destinations/sqs/destination.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/fake_clock.hpp"
#include "destination/conformance.hpp"
#include "destinations/sqs/factory.hpp"
#include "destinations/sqs/message_attributes.hpp"
#include "http/scripted_server.hpp"

namespace sluice {
namespace {

using http::Behaviour;
using http::ScriptedServer;

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kToken = "FwoGZXIvYXdzEXAMPLETOKEN";

boost::json::object settings_for(const std::string& endpoint, std::string_view queue = "events") {
    return {{"type", "sqs"},
            {"queue_url", "https://sqs.eu-west-1.amazonaws.com/123456789012/" + std::string(queue)},
            {"endpoint", endpoint},
            {"credentials",
             {{"access_key_id", "AKIAIOSFODNN7EXAMPLE"}, {"secret_access_key", kSecret}, {"session_token", kToken}}}};
}

std::unique_ptr<Destination> make_sqs(boost::asio::io_context& io, const boost::json::object& settings,
                                      const Clock& clock = SystemClock::instance()) {
    return sqs_kind().make(settings, {.io = io, .clock = clock, .integration_id = "acme"}).value();
}

/// An answer for every message index there can be, to every call: those that were not asked for are passed over.
std::string answer(bool every_other_fails) {
    boost::json::array successful, failed;
    for (int i = 0; i < 10; ++i) {
        auto id = std::to_string(i);
        if (every_other_fails && i % 2 == 1) {
            failed.push_back(boost::json::object{
                {"Id", id}, {"SenderFault", false}, {"Code", "ThrottlingException"}, {"Message", "Rate exceeded"}});
        } else {
            successful.push_back(boost::json::object{{"Id", id}, {"MessageId", "m" + id}});
        }
    }
    boost::json::object attributes{{"QueueArn", "arn:aws:sqs:eu-west-1:123456789012:events"},
                                   {"MaximumMessageSize", "1048576"}};
    return boost::json::serialize(
        boost::json::object{{"Successful", successful}, {"Failed", failed}, {"Attributes", attributes}});
}

Behaviour refuse(int status, std::string_view code) {
    return Behaviour::respond(status, R"({"__type":"com.amazonaws.sqs#)" + std::string(code) + R"(","message":"no"})",
                              {{"x-amzn-requestid", "r-1"}});
}

std::vector<std::string> bodies_of(const ScriptedServer::Recorded& request) {
    std::vector<std::string> bodies;
    const auto parsed = boost::json::parse(request.body);
    for (const auto& entry : parsed.as_object().at("Entries").as_array()) {
        bodies.emplace_back(entry.as_object().at("MessageBody").as_string());
    }
    return bodies;
}

bool is_send(const ScriptedServer::Recorded& request) {
    return request.headers.get("X-Amz-Target") == "AmazonSQS.SendMessageBatch";
}

class SqsHarness final : public ConformanceHarness {
  public:
    bool peer_shall(PeerBehaviour behaviour) override {
        behaviour_ = behaviour;
        if (behaviour == PeerBehaviour::be_unreachable) {
            endpoint_ = ScriptedServer().endpoint().to_url();  // nobody is there any more
            return true;
        }
        server_.then(scripted(behaviour));
        // For a test call after a delivery; what hangs up is the one that recovers after its first.
        if (behaviour != PeerBehaviour::store_and_hang_up) server_.then(scripted(behaviour));
        return true;
    }
    void peer_recovers() override { server_.then(scripted(PeerBehaviour::accept)); }
    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        return make_sqs(io, settings_for(endpoint_));
    }
    std::vector<std::string> stored() const override {
        std::vector<std::string> stored;
        for (const auto& request : server_.requests()) {
            if (!is_send(request)) continue;
            auto bodies = bodies_of(request);
            for (std::size_t i = 0; i < bodies.size(); ++i) {
                if (stores(i)) stored.push_back(bodies[i]);
            }
        }
        return stored;
    }
    std::size_t requests() const override {
        auto all = server_.requests();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_send));
    }
    std::vector<std::string> secrets() const override { return {std::string(kSecret), std::string(kToken)}; }

  private:
    static Behaviour scripted(PeerBehaviour behaviour) {
        switch (behaviour) {
            case PeerBehaviour::accept:
                return Behaviour::respond(200, answer(false));
            case PeerBehaviour::refuse_every_other:
                return Behaviour::respond(200, answer(true));
            case PeerBehaviour::throttle:
                return refuse(403, "RequestThrottled");
            case PeerBehaviour::refuse_credentials:
                return refuse(403, "UnrecognizedClientException");
            case PeerBehaviour::miss_target:
                return refuse(400, "QueueDoesNotExist");
            case PeerBehaviour::refuse_as_too_large:
                return refuse(400, "BatchRequestTooLong");
            case PeerBehaviour::fail:
                return refuse(500, "InternalError");
            case PeerBehaviour::talk_nonsense:
                return Behaviour::respond(200, "<html>welcome</html>");
            case PeerBehaviour::store_and_hang_up:
                return Behaviour::close_after_reading();
            case PeerBehaviour::stay_silent:
            case PeerBehaviour::be_unreachable:
                break;
        }
        return Behaviour::hang();
    }
    bool stores(std::size_t index) const {
        switch (behaviour_) {
            case PeerBehaviour::accept:
            case PeerBehaviour::stay_silent:
            case PeerBehaviour::store_and_hang_up:
                return true;
            case PeerBehaviour::refuse_every_other:
                return index % 2 == 0;
            default:
                return false;
        }
    }
    ScriptedServer server_;
    std::string endpoint_ = server_.endpoint().to_url();
    PeerBehaviour behaviour_ = PeerBehaviour::accept;
};

std::unique_ptr<ConformanceHarness> make_harness() {
    return std::make_unique<SqsHarness>();
}

INSTANTIATE_TEST_SUITE_P(Sqs, DestinationConformance, testing::Values(&make_harness));

class SqsDestinationTest : public testing::Test {
  protected:
    void TearDown() override {
        if (destination_) run_for_test(io_, destination_->close());
    }
    void given(boost::json::object settings) { destination_ = make_sqs(io_, settings, clock_); }
    void given_queue(std::string_view queue = "events") { given(settings_for(server_.endpoint().to_url(), queue)); }
    std::vector<Verdict> deliver() {
        batch_.aim(*destination_);
        return run_for_test(io_, destination_->deliver(batch_.messages(), Deadline::after(std::chrono::seconds(20))));
    }
    std::size_t mismatches() const { return dynamic_cast<const sqs::SqsDestination&>(*destination_).md5_mismatches(); }
    /// SQS's answer for batch_, with the checksum of another body for the first message.
    std::string answer_with_a_wrong_checksum() const {
        boost::json::array successful;
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            const Message& message = batch_.messages()[i];
            auto digest = md5(i == 0 ? std::string_view("another") : message.body);
            successful.push_back(
                boost::json::object{{"Id", std::to_string(i)},
                                    {"MD5OfMessageBody", hex_lower(as_view(digest))},
                                    {"MD5OfMessageAttributes", sqs::MessageAttributes(message.event).md5_hex()}});
        }
        return boost::json::serialize(boost::json::object{{"Successful", successful}});
    }

    boost::asio::io_context io_{1};
    FakeClock clock_;
    ScriptedServer server_;
    TestBatch batch_;
    std::unique_ptr<Destination> destination_;
};

TEST_F(SqsDestinationTest, SpeaksTheJsonProtocolSignedForTheQueuesRegion) {
    server_.then(Behaviour::respond(200, answer(false)));
    given_queue();
    batch_.add("a");
    deliver();
    auto request = server_.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/");
    EXPECT_EQ(request.headers.get("Content-Type"), "application/x-amz-json-1.0");
    EXPECT_EQ(request.headers.get("X-Amz-Target"), "AmazonSQS.SendMessageBatch");
    EXPECT_EQ(request.headers.get("x-amzn-query-mode"), "true");
    EXPECT_EQ(request.headers.get("X-Amz-Security-Token"), kToken);
    auto authorization = std::string(request.headers.get("Authorization"));
    EXPECT_THAT(authorization, testing::HasSubstr("/eu-west-1/sqs/aws4_request"));
    EXPECT_THAT(authorization, testing::HasSubstr("x-amz-target"));
    EXPECT_EQ(request.headers.get("Host"), "127.0.0.1:" + std::to_string(server_.port()));
    EXPECT_THAT(request.body, testing::HasSubstr("https://sqs.eu-west-1.amazonaws.com/123456789012/events"));
}

TEST_F(SqsDestinationTest, AFifoQueueGetsGroupAndDeduplicationId) {
    server_.then(Behaviour::respond(200, answer(false)));
    given_queue("events.fifo");
    batch_.add("a", "device-7");
    deliver();
    auto body = server_.requests().at(0).body;
    EXPECT_THAT(body, testing::HasSubstr(R"("MessageGroupId":"device-7","MessageDeduplicationId":"a:1")"));
}

TEST_F(SqsDestinationTest, WhatCannotBeSentIsRejectedAndTheRestGoes) {
    server_.then(Behaviour::respond(200, answer(false)));
    auto settings = settings_for(server_.endpoint().to_url(), "events.fifo");
    settings["message_group_id"] = "{obj.data.pad}";
    given(settings);
    batch_.add("a").add("b", {}, 8);
    std::vector<Message> messages(batch_.messages().begin(), batch_.messages().end());
    messages[0].body = "\xEF\xBF\xBF";
    auto verdicts = run_for_test(io_, destination_->deliver(messages, Deadline::never()));
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[0].failure->code, "invalid_characters");
    EXPECT_EQ(verdicts[1].kind, Verdict::Kind::accepted);
    EXPECT_EQ(bodies_of(server_.requests().at(0)), std::vector{batch_.bodies()[1]});
}

TEST_F(SqsDestinationTest, WhenNothingCanBeSentNothingIs) {
    given_queue();
    batch_.add("a");
    std::vector<Message> messages(batch_.messages().begin(), batch_.messages().end());
    messages[0].body = "";
    auto verdicts = run_for_test(io_, destination_->deliver(messages, Deadline::never()));
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(server_.connections(), 0u);
}

TEST_F(SqsDestinationTest, AChecksumThatDiffersIsCountedAndTheMessageIsStored) {
    batch_.add("a").add("b");
    server_.then(Behaviour::respond(200, answer_with_a_wrong_checksum()));
    given_queue();
    for (const auto& verdict : deliver()) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted);
    EXPECT_EQ(mismatches(), 1u);
}

TEST_F(SqsDestinationTest, ChecksumsAreNotLookedAtWhenToldSo) {
    batch_.add("a");
    server_.then(Behaviour::respond(200, answer_with_a_wrong_checksum()));
    auto settings = settings_for(server_.endpoint().to_url());
    settings["verify_md5"] = false;
    given(settings);
    deliver();
    EXPECT_EQ(mismatches(), 0u);
}

TEST_F(SqsDestinationTest, AClockThatIsOffIsMadeUpForOnce) {
    // SQS's clock: ten minutes ahead of ours, which stands at 2023-11-14T22:13:20Z.
    server_.then(Behaviour::respond(403, R"({"__type":"SignatureDoesNotMatch","message":"Signature expired"})",
                                    {{"Date", "Tue, 14 Nov 2023 22:23:20 GMT"}}));
    server_.then(Behaviour::respond(200, answer(false)));
    given_queue();
    batch_.add("a");
    EXPECT_EQ(deliver().at(0).kind, Verdict::Kind::accepted);
    auto requests = server_.requests();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].headers.get("X-Amz-Date"), "20231114T221320Z");
    EXPECT_EQ(requests[1].headers.get("X-Amz-Date"), "20231114T222320Z");
}

TEST_F(SqsDestinationTest, TheTestCallTeachesTheQueuesMaximum) {
    server_.then(Behaviour::respond(200, answer(false)));
    given_queue();
    EXPECT_EQ(destination_->limits().max_message_bytes_safe, 256u << 10);
    auto report = run_for_test(io_, destination_->probe(Deadline::after(std::chrono::seconds(20))));
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(server_.requests().at(0).headers.get("X-Amz-Target"), "AmazonSQS.GetQueueAttributes");
    EXPECT_EQ(destination_->limits().max_message_bytes_safe, 1u << 20);
}

TEST_F(SqsDestinationTest, LimitsAreSqss) {
    given_queue();
    auto limits = destination_->limits();
    EXPECT_EQ(limits.max_events, 10u);
    EXPECT_EQ(limits.max_bytes, 1u << 20);
    EXPECT_EQ(limits.max_message_bytes_absolute, 1u << 20);
    EXPECT_EQ(limits.same_key, SameKeyInBatch::never);
}

TEST(SqsKind, NamesEverySecretPath) {
    auto kind = sqs_kind();
    EXPECT_EQ(kind.type, "sqs");
    EXPECT_THAT(kind.secret_paths, testing::IsSupersetOf({"credentials.csv", "credentials.secret_access_key",
                                                          "credentials.session_token"}));
}

}  // namespace
}  // namespace sluice
