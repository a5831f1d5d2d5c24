#include "control/settings_trial.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice {
namespace {

using Outcome = ProbeStep::Outcome;
using testing::AllOf;
using testing::HasSubstr;

bool needs(std::string_view before, std::string_view after) {
    auto settings = [](std::string_view destination) {
        return boost::json::object{{"id", "a"}, {"destination", boost::json::parse(destination)}};
    };
    return needs_trial(settings(before), settings(after));
}

constexpr std::string_view kQueue =
    R"({"type":"sqs","queue_url":"https://q/1/a","credentials":{"access_key_id":"A","secret_access_key":"S"}})";

TEST(SettingsTrial, IsForWhatTheProviderDecidesOn) {
    EXPECT_FALSE(needs(kQueue, kQueue));
    EXPECT_TRUE(needs(
        kQueue,
        R"({"type":"sqs","queue_url":"https://q/1/a","credentials":{"access_key_id":"A","secret_access_key":"T"}})"));
    EXPECT_TRUE(needs(
        kQueue,
        R"({"type":"sqs","queue_url":"https://q/1/b","credentials":{"access_key_id":"A","secret_access_key":"S"}})"));
    EXPECT_TRUE(needs(kQueue, R"({"type":"sqs","queue_url":"https://q/1/a"})")) << "left out";
    EXPECT_TRUE(needs(R"({"type":"kinesis","stream":"a"})", R"({"type":"kinesis","stream":"b"})"));
    EXPECT_TRUE(needs(R"({"type":"webhook","url":"https://a"})", R"({"type":"webhook","url":"https://a","tls":{}})"));
}

TEST(SettingsTrial, IsNotForWhatOnlyShapesTheEvents) {
    EXPECT_FALSE(needs(R"({"type":"kinesis","stream":"a"})", R"({"type":"kinesis","stream":"a","aggregation":"kpl"})"));
    boost::json::object before{{"destination", boost::json::parse(kQueue)}};
    auto after = before;
    after["filter"] = boost::json::object{{"recTypes", boost::json::array{"io.**"}}};
    after["batch"] = boost::json::object{{"max_events", 5}};
    EXPECT_FALSE(needs_trial(before, after));
}

TEST(SettingsTrial, ARefusalIsToldInTheProvidersWordsWithTheWayAround) {
    for (auto name : {"credentials", "target", "right to write"}) {
        ProbeReport report{
            {{"name resolution", Outcome::ok, "", ""},
             {"connection", Outcome::ok, "", ""},
             {"TLS", Outcome::ok, "", ""},
             {name, Outcome::failed, "UnrecognizedClientException: the token is invalid", "Make a key."}}};
        auto trial = judge_trial(report);
        ASSERT_TRUE(trial.refused) << name;
        EXPECT_THAT(trial.refused->message,
                    AllOf(HasSubstr(std::string(name) + ": UnrecognizedClientException"), HasSubstr("old ones")));
        EXPECT_THAT(trial.refused->hint, AllOf(HasSubstr("Make a key."), HasSubstr("?force=true")));
        EXPECT_EQ(trial.warning, "");
    }
}

TEST(SettingsTrial, AProviderThatIsNotReachedHasRefusedNothing) {
    for (auto name : {"name resolution", "connection", "TLS"}) {
        ProbeReport report{{{name, Outcome::failed, "nobody answers", "is the host right?"},
                            {"credentials", Outcome::skipped, "", ""}}};
        auto trial = judge_trial(report);
        EXPECT_FALSE(trial.refused) << name;
        EXPECT_THAT(trial.warning, AllOf(HasSubstr("could not be tried"), HasSubstr("nobody answers")));
    }
}

TEST(SettingsTrial, WarningsDoNotStandInTheWay) {
    ProbeReport report{{{"credentials", Outcome::ok, "", ""},
                        {"right to write", Outcome::warning, "authenticated; right to write not verified", ""}}};
    auto trial = judge_trial(report);
    EXPECT_FALSE(trial.refused);
    EXPECT_EQ(trial.warning, "");
}

}  // namespace
}  // namespace sluice
