#include "delivery/transition_filter.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Kind = TransitionFilter::Kind;
using std::chrono::minutes;
using std::chrono::seconds;

/// One integration, looked at second by second.
class Watched {
  public:
    explicit Watched(TellingPace pace = {}, const std::map<std::string, Trouble>& told = {}) : filter(pace, told) {}

    std::vector<TransitionFilter::Change> see(IntegrationState state, seconds for_so_long = seconds(1)) {
        condition.state = state;
        return look(for_so_long);
    }
    std::vector<TransitionFilter::Change> look(seconds for_so_long = seconds(1)) {
        std::vector<TransitionFilter::Change> all;
        condition.id = "acme";
        for (seconds passed{0}; passed < for_so_long; passed += seconds(1)) {
            now += seconds(1);
            std::vector<IntegrationCondition> conditions;
            if (!condition.is_quiet()) conditions.push_back(condition);
            for (auto& change : filter.look(conditions, now)) all.push_back(std::move(change));
        }
        return all;
    }
    static std::vector<Kind> kinds(const std::vector<TransitionFilter::Change>& changes) {
        std::vector<Kind> out;
        for (const auto& change : changes) out.push_back(change.kind);
        return out;
    }

    TransitionFilter filter;
    IntegrationCondition condition;
    SteadyTime now{std::chrono::hours(1000)};
};

using Kinds = std::vector<Kind>;

TEST(TransitionFilter, TellsOfTroubleOnceItHasHeldForAWhile) {
    Watched one;
    EXPECT_EQ(one.see(IntegrationState::failing, seconds(30)).size(), 0u);
    auto told = one.see(IntegrationState::failing, seconds(60));
    ASSERT_EQ(Watched::kinds(told), Kinds{Kind::failing});
    EXPECT_EQ(told[0].id, "acme");
    EXPECT_EQ(told[0].since, SteadyTime(std::chrono::hours(1000)) + seconds(1));
    EXPECT_EQ(told[0].before, Trouble::none);
}

TEST(TransitionFilter, SaysNothingOfTroubleThatDoesNotLast) {
    Watched one;
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(one.see(IntegrationState::failing, seconds(20)).empty());
        EXPECT_TRUE(one.see(IntegrationState::running, seconds(5)).empty());
    }
    EXPECT_EQ(one.filter.remembered(), 0u);
}

TEST(TransitionFilter, TellsOfRecoveryOnceItHasHeldAndOnlyAfterTrouble) {
    Watched one;
    EXPECT_TRUE(one.see(IntegrationState::running, minutes(5)).empty());
    one.see(IntegrationState::failing, seconds(40));
    EXPECT_TRUE(one.see(IntegrationState::running, seconds(20)).empty());
    EXPECT_TRUE(one.see(IntegrationState::failing, seconds(40)).empty()) << "it was told, and has not ended";
    auto told = one.see(IntegrationState::running, seconds(40));
    ASSERT_EQ(Watched::kinds(told), Kinds{Kind::recovered});
    EXPECT_EQ(told[0].before, Trouble::failing);
}

TEST(TransitionFilter, CountsAThrottledIntegrationAsDelivering) {
    Watched one;
    EXPECT_TRUE(one.see(IntegrationState::throttled, minutes(5)).empty());
    one.see(IntegrationState::failing, seconds(40));
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::throttled, seconds(40))), Kinds{Kind::recovered});
}

TEST(TransitionFilter, TellsWhenOneTroubleBecomesAnother) {
    Watched one;
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::failing, seconds(40))), Kinds{Kind::failing});
    auto told = one.see(IntegrationState::blocked, seconds(40));
    ASSERT_EQ(Watched::kinds(told), Kinds{Kind::blocked});
    EXPECT_EQ(told[0].before, Trouble::failing);
}

TEST(TransitionFilter, TellsOfAPauseByADeadLetterAtOnce) {
    Watched one;
    one.condition.paused_by_dead_letter = true;
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::paused)), Kinds{Kind::paused});
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::running, seconds(40))), Kinds{Kind::recovered});
}

TEST(TransitionFilter, SaysNothingOfAPersonsPauseAndKeepsWhatWasToldMeanwhile) {
    Watched one;
    EXPECT_TRUE(one.see(IntegrationState::paused, minutes(5)).empty());
    one.see(IntegrationState::failing, seconds(40));
    EXPECT_TRUE(one.see(IntegrationState::paused, minutes(5)).empty());
    EXPECT_TRUE(one.see(IntegrationState::failing, minutes(5)).empty());
    EXPECT_TRUE(one.see(IntegrationState::paused, minutes(5)).empty());
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::running, seconds(40))), Kinds{Kind::recovered});
}

TEST(TransitionFilter, TellsOfAnIntegrationThatComesAndGoesOnceAndThenHowItEnded) {
    Watched one;
    Kinds told;
    for (int i = 0; i < 20; ++i) {
        for (auto state : {IntegrationState::failing, IntegrationState::running})
            for (Kind kind : Watched::kinds(one.see(state, seconds(40)))) told.push_back(kind);
    }
    ASSERT_EQ(told.size(), 7u);
    EXPECT_EQ(told[0], Kind::failing);
    EXPECT_EQ(told[5], Kind::recovered);
    EXPECT_EQ(told[6], Kind::flapping);
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::failing, minutes(11))), Kinds{Kind::failing});
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::running, minutes(11))), Kinds{Kind::recovered});
}

TEST(TransitionFilter, SaysThatItIsStillWhatItWasWhenAFlappingEnds) {
    TellingPace pace;
    pace.most_changes = 2;
    Watched one(pace);
    one.see(IntegrationState::failing, seconds(40));
    one.see(IntegrationState::running, seconds(40));
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::failing, seconds(40))), Kinds{Kind::flapping});
    EXPECT_EQ(Watched::kinds(one.see(IntegrationState::running, minutes(20))), Kinds{Kind::recovered});
    EXPECT_EQ(one.filter.remembered(), 1u) << "the change counts within its window";
    one.see(IntegrationState::running, minutes(61));
    EXPECT_EQ(one.filter.remembered(), 0u);
}

TEST(TransitionFilter, TellsOfLevelsAsTheyRiseAndWhenTheyHaveClearlyFallen) {
    Watched one;
    auto at = [&](double share) {
        one.condition.backlog = share;
        std::vector<BoundLevel> levels;
        for (const auto& change : one.look()) {
            EXPECT_EQ(change.kind, Kind::backlog);
            EXPECT_EQ(change.share, share < IntegrationCondition::kSmallShare ? 0 : share);
            levels.push_back(change.level);
        }
        return levels;
    };
    using Levels = std::vector<BoundLevel>;
    EXPECT_EQ(at(0.45), Levels{});
    EXPECT_EQ(at(0.5), Levels{BoundLevel::half});
    EXPECT_EQ(at(0.45), Levels{});
    EXPECT_EQ(at(0.55), Levels{});
    EXPECT_EQ(at(0.91), Levels{BoundLevel::nine_tenths});
    EXPECT_EQ(at(0.85), Levels{});
    EXPECT_EQ(at(0.95), Levels{});
    EXPECT_EQ(at(0.6), Levels{BoundLevel::half});
    EXPECT_EQ(at(0.1), Levels{BoundLevel::none});
    EXPECT_EQ(at(1.2), Levels{BoundLevel::nine_tenths}) << "both at once are told as the higher";
}

TEST(TransitionFilter, TellsOfDeadLettersNearTheirBoundApartFromTheBacklog) {
    Watched one;
    one.condition.dead_letters = 0.95;
    auto told = one.look();
    ASSERT_EQ(Watched::kinds(told), Kinds{Kind::dead_letters});
    EXPECT_EQ(told[0].level, BoundLevel::nine_tenths);
}

TEST(TransitionFilter, SumsUpLossesThatFollowEachOther) {
    Watched one;
    one.condition.lost = 10;
    auto told = one.look();
    ASSERT_EQ(Watched::kinds(told), Kinds{Kind::lost});
    EXPECT_EQ(told[0].lost, 10u);
    std::uint64_t summed = 0;
    std::size_t times = 0;
    for (int i = 0; i < 120; ++i) {
        one.condition.lost += 1;
        for (const auto& change : one.look()) {
            summed += change.lost;
            ++times;
        }
    }
    EXPECT_EQ(times, 2u);
    EXPECT_EQ(summed, 120u);
}

TEST(TransitionFilter, CountsLossesAnewWhenTheIntegrationWasStartedAnew) {
    Watched one;
    one.condition.lost = 10;
    one.look();
    one.condition.lost = 0;
    EXPECT_TRUE(one.look(minutes(5)).empty());
    one.condition.lost = 4;
    auto told = one.look();
    ASSERT_EQ(Watched::kinds(told), Kinds{Kind::lost});
    EXPECT_EQ(told[0].lost, 4u);
}

TEST(TransitionFilter, RemembersAcrossARestartWhatWasToldBefore) {
    Watched still({}, {{"acme", Trouble::failing}});
    EXPECT_TRUE(still.see(IntegrationState::failing, minutes(5)).empty()) << "told before the restart";
    Watched over({}, {{"acme", Trouble::failing}});
    EXPECT_EQ(Watched::kinds(over.see(IntegrationState::running, minutes(5))), Kinds{Kind::recovered});
}

}  // namespace
}  // namespace sluice
