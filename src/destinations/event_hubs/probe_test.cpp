#include "destinations/event_hubs/probe.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "destinations/event_hubs/closed_port.hpp"
#include "destinations/event_hubs/kafka_destination.hpp"
#include "destinations/event_hubs/mock_namespace.hpp"
#include "destinations/event_hubs/sasl_refuser.hpp"
#include "net/run_for_test.hpp"

namespace sluice::event_hubs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EventHubsProbe : public testing::Test {
  protected:
    ProbeReport probe(std::uint16_t port, boost::json::object settings, bool sasl = false,
                      std::chrono::milliseconds limit = std::chrono::seconds(20)) {
        settings["type"] = "event_hubs";
        settings["connection_string"] =
            "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=c2VjcmV0";
        settings["endpoint"] = fmt::format("http://127.0.0.1:{}", port);
        auto config = parse_config(settings, context_).value();
        config.sasl = sasl;
        KafkaDestination destination(io_, SystemClock::instance(), std::move(config), pool_);
        auto report = run_for_test(io_, destination.probe(Deadline::after(limit)));
        run_for_test(io_, destination.close());
        return report;
    }
    static std::vector<std::string> outcomes(const ProbeReport& report) {
        std::vector<std::string> all;
        for (const auto& step : report.steps) all.push_back(step.name + ": " + std::string(to_string(step.outcome)));
        return all;
    }

    boost::asio::io_context io_{1};
    DestinationContext context_{io_, SystemClock::instance(), "acme"};
    MockNamespace service_;
    ProducerPool pool_;
};

TEST_F(EventHubsProbe, AHubThatIsThereIsSeenAndNothingIsWritten) {
    service_.create("rooms", 3);
    service_.read("rooms");
    auto report = probe(service_.port(), {{"hub", "rooms"}});
    EXPECT_THAT(outcomes(report), ElementsAre("name resolution: ok", "connection: ok", "credentials: ok", "target: ok",
                                              "right to write: warning"));
    EXPECT_EQ(report.steps[2].detail, "policy Root");
    EXPECT_EQ(report.steps[3].detail, "event hub “rooms”, 3 partitions");
    EXPECT_EQ(report.steps[4].detail, "authenticated; right to write not verified");
    EXPECT_EQ(service_.end(), 0);
}

TEST_F(EventHubsProbe, WhereEventsChooseTheHubTheNamespaceIsAsked) {
    auto report = probe(service_.port(), {});
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report.steps[3].detail, "each event names its hub; missing ones are created (needs Manage)");
}

TEST_F(EventHubsProbe, AMissingHubIsToldAndNotCreated) {
    service_.fail_hub("rooms", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    auto report = probe(service_.port(), {{"hub", "rooms"}});
    EXPECT_THAT(outcomes(report), ElementsAre("name resolution: ok", "connection: ok", "credentials: ok",
                                              "target: warning", "right to write: warning"));
    EXPECT_THAT(report.steps[3].hint, HasSubstr("Manage"));
    report = probe(service_.port(), {{"hub", "rooms"}, {"create_hubs", false}});
    EXPECT_THAT(outcomes(report), ElementsAre("name resolution: ok", "connection: ok", "credentials: ok",
                                              "target: failed", "right to write: skipped"));
    EXPECT_NE(report.steps[3].hint, "");
}

TEST_F(EventHubsProbe, APolicyOfAnotherHubFailsAtTheTarget) {
    service_.fail_hub("rooms", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    auto report = probe(service_.port(), {{"hub", "rooms"}});
    EXPECT_THAT(outcomes(report), ElementsAre("name resolution: ok", "connection: ok", "credentials: ok",
                                              "target: failed", "right to write: skipped"));
}

TEST_F(EventHubsProbe, ARefusedPasswordFailsAtTheCredentials) {
    SaslRefuser refuser;
    auto report = probe(refuser.port(), {{"hub", "rooms"}}, true);
    EXPECT_THAT(outcomes(report), ElementsAre("name resolution: ok", "connection: ok", "credentials: failed",
                                              "target: skipped", "right to write: skipped"));
    EXPECT_THAT(report.steps[2].detail, HasSubstr("Unauthorized access."));
    EXPECT_THAT(report.steps[2].hint, HasSubstr("connection string"));
}

TEST_F(EventHubsProbe, NobodyThereFailsAtTheConnection) {
    ClosedPort closed;
    auto report = probe(closed.port(), {{"hub", "rooms"}});
    EXPECT_THAT(outcomes(report), ElementsAre("name resolution: ok", "connection: failed", "credentials: skipped",
                                              "target: skipped", "right to write: skipped"));
}

TEST_F(EventHubsProbe, SilenceEndsAtTheDeadline) {
    service_.answer_all_late(3'600'000);
    auto report = probe(service_.port(), {{"hub", "rooms"}}, false, std::chrono::milliseconds(200));
    EXPECT_THAT(outcomes(report), ElementsAre("name resolution: ok", "connection: ok", "credentials: failed",
                                              "target: skipped", "right to write: skipped"));
}

}  // namespace
}  // namespace sluice::event_hubs
