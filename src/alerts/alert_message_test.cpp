#include "alerts/alert_message.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "alerts/alert.hpp"

namespace sluice {
namespace {

using Kind = TransitionFilter::Kind;

Transition transition(Kind kind) {
    Transition made;
    made.change.id = "acme-kinesis";
    made.change.kind = kind;
    made.at = from_epoch_ms(1'700'000'030'000);
    made.since = from_epoch_ms(1'700'000'000'000);
    made.status.id = "acme-kinesis";
    made.status.org = "com.acme";
    made.status.destination_type = "kinesis";
    made.status.state = IntegrationState::failing;
    made.status.reason = "the destination does not accept anything";
    made.status.stats.lag_events = 12;
    made.status.stats.lag_seconds = 31.24999;
    DeliveryError error;
    error.error_class = ErrorClass::credentials;
    error.code = "UnrecognizedClientException";
    error.message = "The security token is invalid";
    error.hint = "Check the access key.";
    error.at = made.at;
    made.status.stats.last_error = error;
    return made;
}

boost::json::object parsed(const Transition& of) {
    return boost::json::parse(alert_body(alert_note(of), 0)).as_object();
}

/// docs/alerts.md shows exactly this.
TEST(AlertMessage, SaysWhatFailsSinceWhenAndWhatToDo) {
    EXPECT_EQ(
        alert_body(alert_note(transition(Kind::failing)), 0),
        R"({"type":"integration.failing","timestamp":"2023-11-14T22:13:50.000Z","data":{"id":"acme-kinesis","org":"com.acme",)"
        R"("destination":"kinesis","state":"failing","reason":"the destination does not accept anything",)"
        R"("since":"2023-11-14T22:13:20.000Z","lag_events":12,"lag_seconds":31,"last_error":{"class":"credentials",)"
        R"("code":"UnrecognizedClientException","message":"The security token is invalid","target":"",)"
        R"("at":"2023-11-14T22:13:50.000Z","hint":"Check the access key."}}})");
}

TEST(AlertMessage, HasWhatBelongsToItsKind) {
    auto recovered = transition(Kind::recovered);
    recovered.change.before = Trouble::blocked;
    EXPECT_EQ(parsed(recovered).at("data").at("recovered_from"), "blocked");
    auto backlog = transition(Kind::backlog);
    backlog.change.level = BoundLevel::half;
    backlog.change.share = 0.5012;
    EXPECT_EQ(parsed(backlog).at("data").at("level"), "half");
    EXPECT_EQ(parsed(backlog).at("data").at("share"), 0.501);
    auto lost = transition(Kind::lost);
    lost.change.lost = 7;
    EXPECT_EQ(parsed(lost).at("type"), "integration.events_lost");
    EXPECT_EQ(parsed(lost).at("data").at("lost"), 7);
    auto flapping = transition(Kind::flapping);
    flapping.change.changes = 6;
    EXPECT_EQ(parsed(flapping).at("data").at("changes"), 6);
}

TEST(AlertMessage, HasATypeThatAnAlertMayAskForWhateverItsKind) {
    std::size_t kinds = 0;
    for (Kind kind : {Kind::failing, Kind::blocked, Kind::paused, Kind::recovered, Kind::flapping, Kind::backlog,
                      Kind::dead_letters, Kind::lost}) {
        auto known = alert_types();
        EXPECT_NE(std::find(known.begin(), known.end(), alert_type(kind)), known.end()) << alert_type(kind);
        ++kinds;
    }
    EXPECT_EQ(alert_types().size(), kinds);
}

}  // namespace
}  // namespace sluice
