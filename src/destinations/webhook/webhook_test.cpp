#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include "base/encoding.hpp"
#include "base/fake_clock.hpp"
#include "destination/conformance.hpp"
#include "destination/test_batch.hpp"
#include "destinations/webhook/config.hpp"
#include "destinations/webhook/factory.hpp"
#include "destinations/webhook/request.hpp"
#include "destinations/webhook/response.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"

namespace sluice {
namespace webhook {

using http::Behaviour;

namespace {

class WebhookTest : public testing::Test {
  protected:
    DestinationContext context(bool operator_owned = true) {
        return {.io = io_, .clock = clock_, .integration_id = "acme-hook", .operator_owned = operator_owned};
    }
    std::string refused(const char* text, bool operator_owned = true) {
        auto config = parse_config(boost::json::parse(text).as_object(), context(operator_owned));
        EXPECT_TRUE(config.has_error()) << text;
        return config ? std::string() : config.error().message + " | " + config.error().hint;
    }
    std::unique_ptr<Destination> make(const http::ScriptedServer& server) {
        boost::json::object settings{{"type", "webhook"},
                                     {"url", server.endpoint().to_url() + "/in?tenant=acme"},
                                     {"secret", "whsec_" + base64_encode("signing key")},
                                     {"headers", {{"X-Api-Key", "hook key"}}}};
        return webhook_kind().make(settings, context()).value();
    }
    std::vector<Verdict> deliver(Destination& destination, TestBatch& batch) {
        batch.aim(destination);
        return run_for_test(io_, destination.deliver(batch.messages(), Deadline::after(std::chrono::seconds(20))));
    }

    boost::asio::io_context io_;
    FakeClock clock_;
};

TEST_F(WebhookTest, PostsTheBodyWithItsMetadataAndSignature) {
    http::ScriptedServer server({Behaviour::respond(204)});
    auto destination = make(server);
    TestBatch batch;
    batch.add("object-1");
    EXPECT_EQ(deliver(*destination, batch)[0].kind, Verdict::Kind::accepted);
    auto request = server.wait_for_requests(1)[0];
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/in?tenant=acme");
    EXPECT_EQ(request.body, batch.bodies()[0]);
    EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(request.headers.get("X-Api-Key"), "hook key");
    EXPECT_EQ(request.headers.get("sluice-sequence"), "1");
    EXPECT_EQ(request.headers.get("event_type"), "create");
    EXPECT_EQ(request.headers.get("obj_type"), "objs");
    EXPECT_EQ(request.headers.get("recType"), "io.acme.room");
    EXPECT_EQ(request.headers.get("id"), "object-1");
    EXPECT_EQ(request.headers.get("source"), "ShareService");
    EXPECT_EQ(request.headers.get("webhook-id"), "acme-hook-1");
    EXPECT_EQ(request.headers.get("webhook-signature"),
              webhook_signature(Secret("signing key"), "acme-hook-1", request.headers.get("webhook-timestamp"),
                                request.body));
    run_for_test(io_, destination->close());
}

TEST_F(WebhookTest, KeepsItsIdAcrossAttemptsAndStampsTheTimeAnew) {
    http::ScriptedServer server({Behaviour::respond(500), Behaviour::respond(200)});
    auto destination = make(server);
    TestBatch batch;
    batch.add("a");
    EXPECT_EQ(deliver(*destination, batch)[0].kind, Verdict::Kind::retry);
    clock_.advance(std::chrono::seconds(90));
    EXPECT_EQ(deliver(*destination, batch)[0].kind, Verdict::Kind::accepted);
    auto requests = server.wait_for_requests(2);
    EXPECT_EQ(requests[0].headers.get("webhook-id"), requests[1].headers.get("webhook-id"));
    EXPECT_NE(requests[0].headers.get("webhook-timestamp"), requests[1].headers.get("webhook-timestamp"));
    run_for_test(io_, destination->close());
}

TEST_F(WebhookTest, AReplayIsNoDuplicateOfTheFirstDelivery) {
    http::ScriptedServer server({Behaviour::respond(500), Behaviour::respond(200)});
    auto destination = make(server);
    TestBatch batch;
    batch.add("a");
    std::vector<Message> messages(batch.messages().begin(), batch.messages().end());
    messages[0].replay = "replay-1700000000000";
    for (std::size_t attempt = 0; attempt < 2; ++attempt) {
        run_for_test(io_, destination->deliver(messages, Deadline::never()));
        auto request = server.wait_for_requests(attempt + 1).back();
        EXPECT_EQ(request.headers.get("webhook-id"), "acme-hook-1:replay-1700000000000");
        EXPECT_EQ(request.headers.get("webhook-signature"),
                  webhook_signature(Secret("signing key"), "acme-hook-1:replay-1700000000000",
                                    request.headers.get("webhook-timestamp"), request.body));
        EXPECT_EQ(request.headers.get("sluice-sequence"), "1");
    }
    messages[0].replay = "replay-1800000000000";
    run_for_test(io_, destination->deliver(messages, Deadline::never()));
    EXPECT_EQ(server.wait_for_requests(3)[2].headers.get("webhook-id"), "acme-hook-1:replay-1800000000000");
    run_for_test(io_, destination->close());
}

TEST_F(WebhookTest, ALongAnswerIsDecidedByItsStatus) {
    const std::string page(300 << 10, 'p');
    http::ScriptedServer server({Behaviour::respond(200, page), Behaviour::respond(502, page)});
    auto destination = make(server);
    TestBatch batch;
    batch.add("a");
    EXPECT_EQ(deliver(*destination, batch)[0].kind, Verdict::Kind::accepted);
    auto verdict = deliver(*destination, batch)[0];
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    ASSERT_TRUE(verdict.failure);
    EXPECT_EQ(verdict.failure->code, "http_502");
    EXPECT_NE(verdict.failure->message.find("Bad Gateway: ppp"), std::string::npos);
    run_for_test(io_, destination->close());
}

TEST_F(WebhookTest, ASampleHasAnIdOfItsOwn) {
    http::ScriptedServer server({Behaviour::respond(200)});
    auto destination = make(server);
    TestBatch batch;
    batch.add("a");
    std::vector<Message> messages(batch.messages().begin(), batch.messages().end());
    const Event& event = messages[0].event;
    messages[0].event = Event(event.owner(), event.view(), LogPosition{}, event.time());
    EXPECT_EQ(run_for_test(io_, destination->deliver(messages, Deadline::never()))[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(server.wait_for_requests(1)[0].headers.get("webhook-id"), "acme-hook-a");
    run_for_test(io_, destination->close());
}

TEST(WebhookAnswers, HaveTheMeaningOfTheContract) {
    using Kind = Verdict::Kind;
    struct Case {
        int status;
        Kind kind;
        ErrorClass error_class;
        bool ambiguous;
    };
    for (auto [status, kind, error_class, ambiguous] :
         std::initializer_list<Case>{{401, Kind::retry, ErrorClass::credentials, false},
                                     {403, Kind::retry, ErrorClass::credentials, false},
                                     {404, Kind::retry, ErrorClass::missing_target, false},
                                     {410, Kind::retry, ErrorClass::missing_target, false},
                                     {301, Kind::retry, ErrorClass::missing_target, false},
                                     {408, Kind::retry, ErrorClass::transient, true},
                                     {425, Kind::retry, ErrorClass::transient, true},
                                     {429, Kind::retry, ErrorClass::throttled, false},
                                     {500, Kind::retry, ErrorClass::transient, true},
                                     {503, Kind::retry, ErrorClass::transient, true},
                                     {400, Kind::rejected, ErrorClass::rejected, false},
                                     {413, Kind::rejected, ErrorClass::too_large, false},
                                     {422, Kind::rejected, ErrorClass::rejected, false}}) {
        auto verdict = verdict_of({.status = status, .body = "no\nway"}, "https://x/");
        EXPECT_EQ(verdict.kind, kind) << status;
        EXPECT_EQ(verdict.ambiguous, ambiguous) << status;
        ASSERT_TRUE(verdict.failure) << status;
        EXPECT_EQ(verdict.failure->error_class, error_class) << status;
        EXPECT_EQ(verdict.failure->code, "http_" + std::to_string(status));
        EXPECT_NE(verdict.failure->message.find("no way"), std::string::npos);
        EXPECT_FALSE(verdict.failure->hint.empty());
    }
    for (int status : {200, 201, 202, 204})
        EXPECT_EQ(verdict_of({.status = status}, "https://x/").kind, Kind::accepted) << status;
}

TEST_F(WebhookTest, OfWhatTheReceiverQuotesNoSecretIsTold) {
    const auto settings =
        boost::json::parse(R"({"type": "webhook", "url": "https://x.example/in?sig=QUERY%2FSECRET&v=1",
        "secret": "SIGNING-SECRET", "headers": {"Authorization": "Bearer HEADER-SECRET"}})");
    auto config = parse_config(settings.as_object(), context());
    ASSERT_TRUE(config) << config.error().message;
    const std::string said =
        R"(no: Bearer HEADER-SECRET; key HEADER-SECRET at /in?sig=QUERY%2FSECRET or QUERY\/SECRET, SIGNING-SECRET)";
    auto failure = verdict_of({.status = 401, .body = said}, config->url, config->unquotable).failure;
    EXPECT_EQ(failure->message, "answered 401 Unauthorized: no: …; key … at /in?sig=… or …, …");
}

TEST(WebhookAnswers, RetryAfterIsHeeded) {
    http::ClientResponse response{.status = 429};
    response.headers.add("Retry-After", "7");
    EXPECT_EQ(verdict_of(response, "u").failure->retry_after, std::chrono::seconds(7));
    response.headers.set("Retry-After", "soon");
    EXPECT_FALSE(verdict_of(response, "u").failure->retry_after);
    // A date counts from the answer's own, so that no clock but the receiver's matters.
    response.headers.set("Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT");
    EXPECT_FALSE(verdict_of(response, "u").failure->retry_after);
    response.headers.set("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(verdict_of(response, "u").failure->retry_after, std::chrono::seconds(30));
    response.headers.set("Date", "Sun, 06 Nov 1994 08:50:08 GMT");
    EXPECT_FALSE(verdict_of(response, "u").failure->retry_after);
}

TEST(WebhookAnswers, ALongAnswerIsCutAtAWholeCharacter) {
    std::string body(198, 'x');
    body += "é and more";
    auto message = verdict_of({.status = 500, .body = body}, "u").failure->message;
    EXPECT_EQ(message.find("\xc3", message.size() - 1), std::string::npos);
    EXPECT_LT(message.size(), 260u);
}

TEST(WebhookAnswers, WhatIsNoUtf8IsToldAsUtf8) {
    auto message = verdict_of({.status = 500, .body = "d\xE9j\xE0\r\nvu"}, "u").failure->message;
    EXPECT_EQ(message, "answered 500 Internal Server Error: d\xEF\xBF\xBDj\xEF\xBF\xBD vu");
}

TEST_F(WebhookTest, SettingsAreCheckedAndSecretsNeverPrinted) {
    EXPECT_NE(refused(R"({"type":"webhook"})").find("destination.url"), std::string::npos);
    EXPECT_NE(refused(R"({"type":"webhook","url":"example.com/x"})").find("destination.url"), std::string::npos);
    EXPECT_NE(refused(R"({"type":"webhook","url":"https://example.com/a b"})").find("destination.url"),
              std::string::npos);
    EXPECT_FALSE(refused(R"({"type":"webhook","url":"http://example.com/"})").empty());
    EXPECT_NE(refused(R"({"type":"webhook","url":"https://example.com/","headers":{"Host":"x"}})").find("Host"),
              std::string::npos);
    EXPECT_NE(refused(R"({"type":"webhook","url":"https://example.com/","headers":{"a b":"x"}})").find("headers"),
              std::string::npos);
    EXPECT_NE(refused(R"({"type":"webhook","ulr":"https://example.com/"})").find("url"), std::string::npos);
    auto secret = refused(R"({"type":"webhook","url":"https://example.com/","secret":"whsec_not*base64"})");
    EXPECT_NE(secret.find("destination.secret"), std::string::npos);
    EXPECT_EQ(secret.find("not*base64"), std::string::npos);
}

TEST_F(WebhookTest, AUrlIsNoTemplate) {
    for (std::string url : {"https://example.com/in/{recType}", "https://example.com/in?of={org}",
                            "https://{org}.example.com/", "https://example.com/in/}"}) {
        auto told = refused((R"({"type":"webhook","url":")" + url + "\"}").c_str());
        EXPECT_NE(told.find("destination.url has a { or }"), std::string::npos) << told;
        EXPECT_NE(told.find("%7B"), std::string::npos) << told;
    }
    auto escaped = boost::json::parse(R"({"type":"webhook","url":"https://example.com/in/%7BrecType%7D"})").as_object();
    EXPECT_EQ(parse_config(escaped, context())->target, "/in/%7BrecType%7D");
}

TEST_F(WebhookTest, HeadersThatSluiceSetsItselfCannotBeGiven) {
    for (std::string name : {"sluice-sequence", "sluice-time", "event_type", "obj_type", "recType", "rectype", "id",
                             "source", "Source", "ID", "Sluice-Sequence", "Webhook-Id"}) {
        auto text = R"({"type":"webhook","url":"https://example.com/","headers":{")" + name + R"(":"x"}})";
        EXPECT_NE(refused(text.c_str()).find("has " + name + ", which Sluice sets itself"), std::string::npos) << name;
    }
}

TEST_F(WebhookTest, ATenantsUrlMayNotBeInsideTheOperatorsNetwork) {
    for (auto url : {"https://10.0.0.1/", "https://169.254.169.254/latest", "https://[fd00::1]/"}) {
        auto text = std::string(R"({"type":"webhook","url":")") + url + "\"}";
        EXPECT_FALSE(refused(text.c_str(), false).empty()) << url;
    }
}

TEST_F(WebhookTest, ProbeConnectsAndSendsNothing) {
    http::ScriptedServer server;
    auto destination = make(server);
    auto report = run_for_test(io_, destination->probe(Deadline::after(std::chrono::seconds(10))));
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report.steps.back().outcome, ProbeStep::Outcome::warning);
    EXPECT_TRUE(server.requests().empty());
    run_for_test(io_, destination->close());
}

}  // namespace

/// A scripted receiver as the far side: one request an event.
class WebhookHarness final : public ConformanceHarness {
  public:
    bool peer_shall(PeerBehaviour behaviour) override {
        switch (behaviour) {
            case PeerBehaviour::accept:
            case PeerBehaviour::refuse_every_other:
                return true;  // of a batch of one
            case PeerBehaviour::throttle:
                return answer(429);
            case PeerBehaviour::refuse_credentials:
                return answer(401);
            case PeerBehaviour::miss_target:
                return answer(404);
            case PeerBehaviour::refuse_as_too_large:
                return answer(413);
            case PeerBehaviour::fail:
                return answer(500);
            case PeerBehaviour::talk_nonsense:
                return behave(Behaviour::respond_bytes("this is not HTTP\r\n\r\n"));
            case PeerBehaviour::stay_silent:
                return behave(Behaviour::hang());
            case PeerBehaviour::store_and_hang_up:
                return behave(Behaviour::close_after_reading());
            case PeerBehaviour::be_unreachable:
                unreachable_ = true;
                return true;
        }
        return false;
    }
    void peer_recovers() override {}
    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        auto url = unreachable_ ? std::string("http://127.0.0.1:1") : server_.endpoint().to_url();
        boost::json::object settings{{"type", "webhook"},
                                     {"url", url + "/in?key=query-secret"},
                                     {"secret", "plain-signing-secret"},
                                     {"headers", {{"Authorization", "Bearer header-secret"}}}};
        DestinationContext context{.io = io, .clock = SystemClock::instance(), .integration_id = "conformance"};
        return webhook_kind().make(settings, context).value();
    }
    std::vector<std::string> stored() const override {
        std::vector<std::string> out;
        auto received = server_.requests();
        // The first was refused if one was; all after it are answered 200.
        for (std::size_t i = refuses_first_ ? 1 : 0; i < received.size(); ++i) out.push_back(received[i].body);
        return out;
    }
    std::size_t requests() const override { return server_.requests().size(); }
    std::vector<std::string> secrets() const override {
        return {"query-secret", "plain-signing-secret", "header-secret"};
    }

    bool can_be_asked() const override { return false; }

  private:
    bool behave(Behaviour behaviour) {
        server_.then(std::move(behaviour));
        return true;
    }
    bool answer(int status) {
        refuses_first_ = true;
        return behave(Behaviour::respond(status, "refused"));
    }
    http::ScriptedServer server_;
    bool refuses_first_ = false;
    bool unreachable_ = false;
};

std::unique_ptr<ConformanceHarness> make_webhook_harness() {
    return std::make_unique<WebhookHarness>();
}

}  // namespace webhook

INSTANTIATE_TEST_SUITE_P(Webhook, DestinationConformance, testing::Values(&webhook::make_webhook_harness));

}  // namespace sluice
