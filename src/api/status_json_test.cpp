#include "api/status_json.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace sluice::api {
namespace {

std::vector<std::string> names_of(const boost::json::object& object) {
    std::vector<std::string> out;
    for (const auto& member : object) out.emplace_back(member.key());
    return out;
}

TEST(StatusJson, StatsHaveTheMembersOfTheContractInOrder) {
    auto json = to_json(IntegrationStats{});
    EXPECT_EQ(names_of(json), (std::vector<std::string>{"head",
                                                        "position",
                                                        "lag_events",
                                                        "lag_seconds",
                                                        "in_flight",
                                                        "matched",
                                                        "delivered",
                                                        "dead_lettered",
                                                        "discarded",
                                                        "lost",
                                                        "pending",
                                                        "retries",
                                                        "duplicates_possible",
                                                        "bytes",
                                                        "last_delivery",
                                                        "last_error",
                                                        "targets",
                                                        "targets_left_out",
                                                        "breaker",
                                                        "redelivered",
                                                        "delivered_per_second",
                                                        "latency_seconds",
                                                        "backlog"}));
    EXPECT_EQ(json.at("head").as_string(), "0");
    EXPECT_TRUE(json.at("last_error").is_null());
    EXPECT_TRUE(json.at("last_delivery").is_null());
}

TEST(StatusJson, AnErrorNamesItsClassAndWhatToDo) {
    IntegrationStats stats;
    stats.last_error = DeliveryError{.error_class = ErrorClass::missing_target,
                                     .code = "ResourceNotFoundException",
                                     .message = "no stream",
                                     .target = "events",
                                     .at = from_epoch_ms(1'700'000'000'000),
                                     .hint = "make it"};
    auto error = to_json(stats).at("last_error").as_object();
    EXPECT_EQ(names_of(error),
              (std::vector<std::string>{"class", "code", "message", "target", "at", "next_attempt_at", "hint"}));
    EXPECT_EQ(error.at("class").as_string(), "missing_target");
    EXPECT_EQ(error.at("at").as_string(), "2023-11-14T22:13:20.000Z");
}

TEST(StatusJson, ADeadLetterPageTellsWhereToGoOn) {
    DeadLetterPage page;
    page.items.push_back({.position = {0, 7}, .error_class = "too_large", .code = "c", .message = "m"});
    page.next = LogPosition{0, 7};
    auto json = to_json(page);
    EXPECT_EQ(json.at("next").as_string(), "7");
    EXPECT_EQ(json.at("items").at(0).at("sequence").as_string(), "7");
    EXPECT_EQ(json.at("items").at(0).at("class").as_string(), "too_large");
    page.next.reset();
    EXPECT_TRUE(to_json(page).at("next").is_null());
}

TEST(StatusJson, AProbeThatFailedSaysSo) {
    ProbeReport report;
    report.steps.push_back({"connection", ProbeStep::Outcome::ok, "", ""});
    report.steps.push_back({"credentials", ProbeStep::Outcome::failed, "unknown key", "paste it again"});
    auto json = to_json(report);
    EXPECT_FALSE(json.at("ok").as_bool());
    EXPECT_EQ(json.at("steps").at(1).at("outcome").as_string(), "failed");
    EXPECT_EQ(json.at("steps").at(1).at("hint").as_string(), "paste it again");
}

}  // namespace
}  // namespace sluice::api
