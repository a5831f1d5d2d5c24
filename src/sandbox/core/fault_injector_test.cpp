#include "sandbox/core/fault_injector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr FaultSubject kPut{"kinesis", "PutRecords", "events"};

/// Which of the first `matches` records of a run are struck, from 1.
std::vector<int> struck(const std::string& json, int matches) {
    FaultInjector faults;
    EXPECT_TRUE(faults.set_json(json));
    std::vector<int> numbers;
    for (int i = 1; i <= matches; i++) {
        if (faults.on_record(kPut, 0, "key")) numbers.push_back(i);
    }
    return numbers;
}

TEST(FaultInjector, DoesNothingWithoutRules) {
    FaultInjector faults;
    EXPECT_FALSE(faults.on_request(kPut).refusal);
    EXPECT_FALSE(faults.looks_at_records());
    EXPECT_FALSE(faults.on_record(kPut, 0, "key"));
}

TEST(FaultInjector, StrikesOnlyTheNthMatch) {
    EXPECT_THAT(struck(R"([{"action":"fail_record","nth":3}])", 9), ElementsAre(3));
}

TEST(FaultInjector, StrikesEveryNthMatchAfterSomeUpToACount) {
    EXPECT_THAT(struck(R"([{"action":"fail_record","every":2,"after":3,"count":2}])", 20), ElementsAre(4, 6));
}

TEST(FaultInjector, StrikesAboutTheShareAskedForAndTheSameOnesForTheSameSeed) {
    auto first = struck(R"({"seed":7,"rules":[{"action":"throttle","share":0.1}]})", 10'000);
    EXPECT_NEAR(static_cast<double>(first.size()), 1000.0, 100.0);
    EXPECT_EQ(first, struck(R"({"seed":7,"rules":[{"action":"throttle","share":0.1}]})", 10'000));
    EXPECT_NE(first, struck(R"({"seed":8,"rules":[{"action":"throttle","share":0.1}]})", 10'000));
}

TEST(FaultInjector, LooksOnlyAtWhatItsRuleNames) {
    FaultInjector faults;
    ASSERT_TRUE(
        faults.set_json(R"([{"service":"kinesis","operation":"PutRecords","target":"events","key":"^dev-","record":2,
                                     "action":"fail_record"}])"));
    EXPECT_TRUE(faults.on_record(kPut, 2, "dev-1"));
    EXPECT_FALSE(faults.on_record(kPut, 1, "dev-1"));
    EXPECT_FALSE(faults.on_record(kPut, 2, "my-dev-1"));
    EXPECT_FALSE(faults.on_record({"sqs", "PutRecords", "events"}, 2, "dev-1"));
    EXPECT_FALSE(faults.on_record({"kinesis", "PutRecord", "events"}, 2, "dev-1"));
    EXPECT_FALSE(faults.on_record({"kinesis", "PutRecords", "other"}, 2, "dev-1"));
    EXPECT_EQ(faults.rules()[0].matched, 1u);
    EXPECT_EQ(faults.rules()[0].struck, 1u);
}

TEST(FaultInjector, FindsARecordByTextInItsBody) {
    FaultInjector faults;
    ASSERT_TRUE(faults.set_json(R"([{"action":"fail_record","body":"\"n\":7,","code":"INVALID_ARGUMENT"}])"));
    EXPECT_FALSE(faults.on_record(kPut, 0, "dev-1", R"({"n":77,"x":1})"));
    EXPECT_FALSE(faults.on_record(kPut, 0, "dev-1"));
    EXPECT_TRUE(faults.on_record(kPut, 0, "dev-1", R"({"n":7,"x":1})"));
    EXPECT_FALSE(faults.set_json(R"([{"action":"http_500","body":"x"}])")) << "looks at records, befalls requests";
    EXPECT_THAT(faults.to_json(), testing::HasSubstr(R"("body":"\"n\":7,")"));
}

TEST(FaultInjector, GathersAllThatBefallsARequest) {
    FaultInjector faults;
    ASSERT_TRUE(faults.set_json(R"([{"action":"delay","delay":"20ms"},{"action":"skew","skew":-600},
        {"action":"http_500","status":503},{"action":"expired_token"},{"action":"reset_after"},{"action":"throttle"}])"));
    auto struck_by = faults.on_request(kPut);
    EXPECT_EQ(struck_by.delay.count(), 20);
    EXPECT_EQ(struck_by.skew.count(), -600);
    EXPECT_EQ(struck_by.refusal, FaultAction::http_500);
    EXPECT_EQ(struck_by.status, 503);
    EXPECT_EQ(struck_by.ending, FaultAction::reset_after);
}

TEST(FaultInjector, ShowsItsRulesWithWhatTheyDid) {
    FaultInjector faults;
    ASSERT_TRUE(
        faults.set_json(R"([{"action":"throttle","share":0.5,"count":1},{"action":"delay","delay":"1500ms"}])"));
    faults.on_request(kPut);
    EXPECT_EQ(faults.to_json(),
              R"({"seed":1,"rules":[{"share":5E-1,"count":1,"action":"throttle","matched":0,"struck":0},)"
              R"({"action":"delay","delay":"1500ms","matched":1,"struck":1}]})");
}

struct Refused {
    const char* json;
    const char* message;
};
class FaultRulesRefused : public testing::TestWithParam<Refused> {};

TEST_P(FaultRulesRefused, NamesTheRuleAndTheMemberAndKeepsTheOldRules) {
    FaultInjector faults;
    ASSERT_TRUE(faults.set_json(R"([{"action":"hang"}])"));
    auto result = faults.set_json(GetParam().json);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message + " " + result.error().hint, HasSubstr(GetParam().message));
    EXPECT_EQ(faults.rules().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultRulesRefused,
    testing::Values(Refused{"{", "not JSON"}, Refused{R"({"rule":[]})", "\"rule\" is not known"},
                    Refused{R"({"seed":1})", "rules must be an array"},
                    Refused{R"([{"action":"hang"},{"nth":1}])", "rule 1: action: is missing"},
                    Refused{R"([{"action":"throtle"}])", "did you mean \"throttle\"?"},
                    Refused{R"([{"action":"hang","targets":"x"}])", "did you mean \"target\"?"},
                    Refused{R"([{"action":"throttle","share":1.5}])", "share: must be a number from 0 to 1"},
                    Refused{R"([{"action":"throttle","key":"["}])", "key: is not a regular expression"},
                    Refused{R"([{"action":"hang","record":1}])", "hang befalls requests"},
                    Refused{R"([{"action":"delay"}])", "delay: must say how long"},
                    Refused{R"([{"action":"delay","delay":"soon"}])", "rule 0: delay:"},
                    Refused{R"([{"action":"skew"}])", "skew: must say"},
                    Refused{R"([{"action":"http_500","status":200}])", "from 500 to 599"},
                    Refused{R"([{"action":"hang","nth":0}])", "nth: must be an integer from 1"},
                    Refused{R"([{"action":"hang","count":0}])", "count: must be an integer from 1"},
                    Refused{R"([{"action":"hang","status":503}])", "status: is told by http_500"},
                    Refused{R"([{"action":"access_denied","status":500}])", "status: is told by http_500"},
                    Refused{R"([{"action":"throttle_request","status":502}])", "status: must be 503"},
                    Refused{R"([{"action":"hang","delay":"1s"}])", "delay: belongs to the action delay"},
                    Refused{R"([{"action":"hang","skew":1}])", "skew: belongs to the action skew"},
                    Refused{R"([{"action":"reset_after","code":"X"}])", "code: reset_after tells nothing"},
                    Refused{R"([{"action":"delay","delay":"1s","message":"x"}])", "message: delay tells nothing"}));

}  // namespace
}  // namespace sluice::sandbox
