#include "destinations/event_hubs/https_destination.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/fake_clock.hpp"
#include "destination/test_batch.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"

namespace sluice::event_hubs {
namespace {

using http::Behaviour;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kNamespaceString =
    "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=c2VjcmV0";

class EventHubsHttps : public testing::Test {
  protected:
    std::unique_ptr<HttpsDestination> make(boost::json::object settings = {}, std::size_t connections = 1) {
        settings["type"] = "event_hubs";
        settings["protocol"] = "https";
        if (!settings.contains("connection_string") && !settings.contains("namespace"))
            settings["connection_string"] = kNamespaceString;
        settings["endpoint"] = service_.endpoint().to_url();
        DestinationContext context{io_, clock_, "acme"};
        auto config = parse_config(settings, context).value();
        return std::make_unique<HttpsDestination>(io_, clock_, std::move(config), connections);
    }
    std::vector<Verdict> deliver(Destination& destination, TestBatch& batch) {
        batch.aim(destination);
        return run_for_test(io_, destination.deliver(batch.messages(), Deadline::after(std::chrono::seconds(20))));
    }
    std::vector<Verdict> deliver_one(Destination& destination) {
        TestBatch batch;
        batch.add("a");
        return deliver(destination, batch);
    }
    void answer(int status, std::string_view detail = {}) {
        service_.then(Behaviour::respond(
            status, detail.empty() ? std::string() : fmt::format("<Error><Detail>{}</Detail></Error>", detail)));
    }
    std::vector<std::string> requests() const {
        std::vector<std::string> all;
        for (const auto& each : service_.requests()) all.push_back(each.method + " " + each.target);
        return all;
    }
    ProbeReport probe(Destination& destination) {
        return run_for_test(io_, destination.probe(Deadline::after(std::chrono::seconds(20))));
    }
    static std::vector<std::string> outcomes(const ProbeReport& report) {
        std::vector<std::string> all;
        for (const auto& step : report.steps) all.push_back(step.name + ": " + std::string(to_string(step.outcome)));
        return all;
    }
    void close(Destination& destination) { run_for_test(io_, destination.close()); }

    boost::asio::io_context io_{1};
    FakeClock clock_;
    http::ScriptedServer service_;
};

TEST_F(EventHubsHttps, ARequestIsHeldToItsBytes) {
    answer(201);
    auto destination = make();
    TestBatch batch;
    batch.add("5f1a", "device-7");
    EXPECT_EQ(deliver(*destination, batch)[0].kind, Verdict::Kind::accepted);
    auto request = service_.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/io.acme.room/messages?timeout=60&api-version=2014-01");
    EXPECT_EQ(request.headers.get("Content-Type"), "application/vnd.microsoft.servicebus.json");
    EXPECT_EQ(request.headers.get("BrokerProperties"), R"({"PartitionKey":"device-7"})");
    // HMAC-SHA-256 of the encoded scope, a line feed and the expiry, with the key's text; by Python's hmac.
    EXPECT_EQ(request.headers.get("Authorization"),
              "SharedAccessSignature "
              "sr=sb%3A%2F%2Facme.servicebus.windows.net%2Fio.acme.room&sig=HhWRy8uM9k%2FcYTxadKvbXsJqViM%"
              "2BzRCJ9KRxWvy4ndg%3D&se=1700003600&skn=Root");
    EXPECT_THAT(request.body, StartsWith(R"([{"Body":"{\"event_type\":\"create\")"));
    close(*destination);
}

TEST_F(EventHubsHttps, HubsThatWereWrittenToBeforeStandAndWhatPassesByTakesNoPlace) {
    for (int i = 0; i < 2; ++i) answer(201);
    auto destination = make({{"max_targets", 2}});
    destination->target_names()->recall({"Desks"});
    auto deliver_to = [&](std::string rec_type, bool in_passing) {
        TestBatch batch;
        batch.rec_type = std::move(rec_type);
        batch.in_passing = in_passing;
        batch.add("a");
        auto verdict = deliver(*destination, batch)[0];
        return verdict.failure ? verdict.failure->code : std::string();
    };
    EXPECT_EQ(deliver_to("desks", false), "hub_name_clash");
    EXPECT_EQ(deliver_to("doors", true), "");
    EXPECT_EQ(deliver_to("rooms", false), "");
    EXPECT_EQ(deliver_to("doors", false), "max_targets");
    EXPECT_EQ(make({{"hub", "rooms"}})->target_names(), nullptr) << "one hub for all has nobody to clash with";
    close(*destination);
}

TEST_F(EventHubsHttps, EachKeyHasARequestOfItsOwnAndAVerdictOfItsOwn) {
    for (int status : {201, 503, 201}) answer(status);
    auto destination = make();
    TestBatch batch;
    batch.add("1", "a").add("2", "a").add("3", "b").add("4", "c").add("5", "c");
    auto verdicts = deliver(*destination, batch);
    std::vector<bool> accepted;
    for (const auto& verdict : verdicts) accepted.push_back(verdict.kind == Verdict::Kind::accepted);
    EXPECT_EQ(accepted, (std::vector<bool>{true, true, false, true, true}));
    std::vector<std::string> keys;
    for (const auto& each : service_.requests()) keys.emplace_back(each.headers.get("BrokerProperties"));
    EXPECT_THAT(keys, ElementsAre(R"({"PartitionKey":"a"})", R"({"PartitionKey":"b"})", R"({"PartitionKey":"c"})"));
    close(*destination);
}

TEST_F(EventHubsHttps, ARunThatIsRefusedHasOneFailure) {
    answer(400, "malformed");
    auto destination = make();
    TestBatch batch;
    batch.add("1", "a").add("2", "a");
    auto verdicts = deliver(*destination, batch);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[0].failure, verdicts[1].failure);
    close(*destination);
}

TEST_F(EventHubsHttps, OfWhatIsQuotedNoSignatureIsTold) {
    answer(201);
    auto destination = make();
    deliver_one(*destination);
    const std::string signature(service_.requests().at(0).headers.get("Authorization"));
    ASSERT_THAT(signature, StartsWith("SharedAccessSignature "));
    // The next request has the same one.
    answer(403, "no: " + signature);
    auto verdict = deliver_one(*destination)[0];
    EXPECT_THAT(verdict.failure->message, testing::EndsWith("no: …"));
    close(*destination);
}

TEST_F(EventHubsHttps, AProxysLongPageIsToldByItsStatus) {
    answer(502, std::string(300 << 10, 'p'));
    auto destination = make();
    auto verdict = deliver_one(*destination)[0];
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_EQ(verdict.failure->code, "http_502");
    close(*destination);
}

TEST_F(EventHubsHttps, AMissingHubIsCreatedAndTheEventsSent) {
    answer(404);
    answer(201);
    answer(201);
    auto destination = make({{"partitions", 8}});
    EXPECT_EQ(deliver_one(*destination)[0].kind, Verdict::Kind::accepted);
    EXPECT_THAT(requests(), ElementsAre("POST /io.acme.room/messages?timeout=60&api-version=2014-01",
                                        "PUT /io.acme.room?timeout=60&api-version=2014-01",
                                        "POST /io.acme.room/messages?timeout=60&api-version=2014-01"));
    EXPECT_THAT(service_.requests()[1].body, HasSubstr("<PartitionCount>8</PartitionCount>"));
    EXPECT_EQ(service_.requests()[1].headers.get("Content-Type"), "application/atom+xml;type=entry;charset=utf-8");
    close(*destination);
}

TEST_F(EventHubsHttps, AHubIsCreatedOnceForAllWhoNeedIt) {
    auto both_asked = std::make_shared<http::Gate>();
    auto creating = std::make_shared<http::Gate>();
    for (int i = 0; i < 2; ++i) service_.then(Behaviour::respond(404).after(both_asked));
    service_.then(Behaviour::respond(201).after(creating));
    for (int i = 0; i < 2; ++i) answer(201);
    auto destination = make({}, 2);
    TestBatch batch;
    batch.add("1", "a").add("2", "b");
    std::thread opening([&] {
        service_.wait_for_requests(2);
        both_asked->open();
        service_.wait_for_requests(3);
        creating->open();
    });
    for (const auto& verdict : deliver(*destination, batch)) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted);
    opening.join();
    auto all = requests();
    EXPECT_EQ(std::count(all.begin(), all.end(), "PUT /io.acme.room?timeout=60&api-version=2014-01"), 1);
    close(*destination);
}

TEST_F(EventHubsHttps, ACreationThatWasRefusedIsNotTriedAgainForAWhile) {
    auto destination = make();
    answer(404);
    answer(401, "Unauthorized access. 'Manage,EventHub' claim(s) are required to perform this operation.");
    auto verdicts = deliver_one(*destination);
    EXPECT_EQ(verdicts[0].failure->error_class, ErrorClass::missing_target);
    EXPECT_EQ(verdicts[0].failure->target, "io.acme.room");
    EXPECT_THAT(verdicts[0].failure->message, HasSubstr("no Manage"));
    answer(404);
    EXPECT_EQ(deliver_one(*destination)[0].failure, verdicts[0].failure);
    EXPECT_EQ(service_.requests().size(), 3u);
    clock_.advance(CreationPause::kFirst);
    answer(404);
    answer(201);
    answer(201);
    EXPECT_EQ(deliver_one(*destination)[0].kind, Verdict::Kind::accepted);
    close(*destination);
}

TEST_F(EventHubsHttps, ASignatureIsMadeForEachHubAndRenewedBeforeItsEnd) {
    for (int i = 0; i < 4; ++i) answer(201);
    auto destination = make();
    deliver_one(*destination);
    deliver_one(*destination);
    clock_.advance(HubAccess::kRenewAfter);
    deliver_one(*destination);
    TestBatch other;
    other.rec_type = "io.acme.door";
    other.add("a");
    deliver(*destination, other);
    std::vector<std::string> given;
    for (const auto& each : service_.requests()) given.emplace_back(each.headers.get("Authorization"));
    EXPECT_EQ(given[0], given[1]);
    EXPECT_NE(given[1], given[2]);
    EXPECT_THAT(given[3], HasSubstr("io.acme.door"));
    close(*destination);
}

TEST_F(EventHubsHttps, AClockThatIsOffIsMadeUpForOnce) {
    auto refuse_at = [this](const char* date) {
        service_.then(Behaviour::respond(401, "<Error><Detail>ExpiredToken</Detail></Error>", {{"Date", date}}));
    };
    refuse_at("Tue, 14 Nov 2023 23:13:20 GMT");  // an hour ahead of this machine
    answer(201);
    auto destination = make();
    EXPECT_EQ(deliver_one(*destination)[0].kind, Verdict::Kind::accepted);
    ASSERT_EQ(service_.requests().size(), 2u);
    auto given = [this](std::size_t at) { return std::string(service_.requests()[at].headers.get("Authorization")); };
    EXPECT_THAT(given(0), HasSubstr("se=1700003600"));
    EXPECT_THAT(given(1), HasSubstr("se=1700007200"));
    // Where the clocks agree, the key is what is wrong.
    refuse_at("Tue, 14 Nov 2023 23:13:25 GMT");
    EXPECT_EQ(deliver_one(*destination)[0].failure->error_class, ErrorClass::credentials);
    close(*destination);
}

TEST_F(EventHubsHttps, AnEventLargerThanTheHubTakesIsNotSent) {
    auto destination = make({{"max_message_bytes", "64KiB"}});
    TestBatch batch;
    batch.add("a", {}, 65'537);
    auto verdicts = deliver(*destination, batch);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[0].failure->error_class, ErrorClass::too_large);
    EXPECT_TRUE(service_.requests().empty());
    close(*destination);
}

TEST_F(EventHubsHttps, APastedSignatureIsSentAsItIs) {
    answer(201);
    auto destination = make({{"connection_string",
                              "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessSignature=SharedAccessSignature "
                              "sr=sb%3a%2f%2facme.servicebus.windows.net&sig=abc%3d&se=1800000000&skn=Root"}});
    deliver_one(*destination);
    EXPECT_EQ(service_.requests()[0].headers.get("Authorization"),
              "SharedAccessSignature sr=sb%3a%2f%2facme.servicebus.windows.net&sig=abc%3d&se=1800000000&skn=Root");
    close(*destination);
}

class EventHubsEntra : public EventHubsHttps {
  protected:
    std::unique_ptr<HttpsDestination> make_entra() {
        return make({{"namespace", "acme"},
                     {"credentials", boost::json::object{{"tenant_id", "contoso"},
                                                         {"client_id", "1111"},
                                                         {"client_secret", "s~cret+&"},
                                                         {"authority", entra_.endpoint().to_url()}}}});
    }
    void give_token(std::string_view token, int seconds = 3600) {
        entra_.then(Behaviour::respond(
            200, fmt::format(R"({{"token_type":"Bearer","expires_in":{},"access_token":"{}"}})", seconds, token)));
    }
    http::ScriptedServer entra_;
};

TEST_F(EventHubsEntra, AnApplicationsTokenIsFetchedOnceAndSent) {
    give_token("first");
    answer(201);
    answer(201);
    auto destination = make_entra();
    deliver_one(*destination);
    EXPECT_EQ(deliver_one(*destination)[0].kind, Verdict::Kind::accepted);
    ASSERT_EQ(entra_.requests().size(), 1u);
    EXPECT_EQ(entra_.requests()[0].target, "/contoso/oauth2/v2.0/token");
    EXPECT_EQ(entra_.requests()[0].body,
              "grant_type=client_credentials&client_id=1111&client_secret=s~cret%2B%26&scope="
              "https%3A%2F%2Feventhubs.azure.net%2F.default");
    EXPECT_EQ(service_.requests()[1].headers.get("Authorization"), "Bearer first");
    close(*destination);
}

TEST_F(EventHubsEntra, ATokenThatIsRefusedIsReplacedOnce) {
    give_token("first");
    give_token("second");
    answer(401, "ExpiredToken: The token is expired.");
    answer(201);
    auto destination = make_entra();
    EXPECT_EQ(deliver_one(*destination)[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(service_.requests()[1].headers.get("Authorization"), "Bearer second");
    close(*destination);
}

TEST_F(EventHubsEntra, ATokenThatHasNotTheRightIsKept) {
    give_token("first");
    answer(401, "Unauthorized access. 'Send' claim(s) are required to perform this operation.");
    auto destination = make_entra();
    auto verdict = deliver_one(*destination)[0];
    EXPECT_NE(verdict.failure->target, "") << "it concerns one hub";
    EXPECT_EQ(service_.requests().size(), 1u);
    close(*destination);
}

TEST_F(EventHubsEntra, ARefusedApplicationIsACredentialsFailureWithEntrasWords) {
    entra_.then(Behaviour::respond(401,
                                   R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client )"
                                   R"(secret provided.\r\nTrace ID: 1"})"));
    auto destination = make_entra();
    auto verdicts = deliver_one(*destination);
    EXPECT_EQ(verdicts[0].failure->error_class, ErrorClass::credentials);
    EXPECT_EQ(verdicts[0].failure->message, "Entra answered 401: AADSTS7000215: Invalid client secret provided.");
    EXPECT_FALSE(verdicts[0].ambiguous);
    EXPECT_TRUE(service_.requests().empty());
    close(*destination);
}

TEST_F(EventHubsHttps, TheTestCallTellsWhatItCouldSee) {
    struct Case {
        int status;
        std::string_view body;
        std::vector<std::string> outcomes;
    };
    const Case kCases[] = {
        {200,
         "<entry><EventHubDescription><PartitionCount>4</PartitionCount></EventHubDescription></entry>",
         {"credentials: ok", "target: ok", "right to write: warning"}},
        {404, "", {"credentials: ok", "target: warning", "right to write: warning"}},
        {401,
         "<Error><Detail>Unauthorized access. 'Manage' claim(s) are required.</Detail></Error>",
         {"credentials: ok", "target: warning", "right to write: warning"}},
        {401,
         "<Error><Detail>InvalidSignature: The token has an invalid signature.</Detail></Error>",
         {"credentials: failed", "target: skipped", "right to write: skipped"}},
        {500, "", {"credentials: failed", "target: skipped", "right to write: skipped"}},
    };
    for (const auto& each : kCases) {
        SCOPED_TRACE(each.body);
        service_.then(Behaviour::respond(each.status, each.body));
        auto destination = make({{"hub", "rooms"}});
        auto expected = each.outcomes;
        expected.insert(expected.begin(), {"name resolution: ok", "connection: ok"});
        EXPECT_EQ(outcomes(probe(*destination)), expected);
        close(*destination);
    }
    for (const auto& each : service_.requests()) EXPECT_EQ(each.method, "GET");
}

}  // namespace
}  // namespace sluice::event_hubs
