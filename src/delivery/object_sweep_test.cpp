#include "delivery/object_sweep.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 10s;

class ObjectSweepTest : public testing::Test {
  protected:
    /// One look at `steps` steps' worth of objects; how many of them it took.
    std::uint64_t look(std::uint64_t steps) {
        std::uint64_t taken = 0;
        for (std::uint64_t left = sweep.steps_now(now); left > 0; --left) {
            ++taken;
            bool more = ++at < steps;
            if (!more) at = 0, ++times_through;
            if (!sweep.goes_on(more)) break;
        }
        now += kLook;
        return taken;
    }
    /// The most steps of any look in this time.
    std::uint64_t most_in(std::chrono::seconds time, std::uint64_t steps) {
        std::uint64_t most = 0;
        for (SteadyTime end = now + time; now < end;) most = std::max(most, look(steps));
        return most;
    }

    ObjectSweep sweep{1h};
    SteadyTime now{1h};
    std::uint64_t at = 0;
    int times_through = 0;
};

TEST_F(ObjectSweepTest, ALookTakesAShareOfThemHoweverManyThereAre) {
    EXPECT_LE(most_in(1h, 30'000), 110u) << "thirty million objects";
    EXPECT_EQ(times_through, 1);
    most_in(10h, 300'000);  // ten times as many: known once they were gone through
    times_through = 0;
    EXPECT_LT(most_in(10h, 300'000), 1'100u);
    EXPECT_GE(times_through, 9);
    EXPECT_LE(times_through, 12);
}

TEST_F(ObjectSweepTest, FewAreGoneThroughOnceAPeriodAndThenLeftAlone) {
    EXPECT_EQ(look(3), 3u) << "at the first look";
    EXPECT_EQ(most_in(50min, 3), 0u);
    EXPECT_EQ(most_in(10min, 3), 3u);
    EXPECT_EQ(times_through, 2);
}

TEST_F(ObjectSweepTest, ThePeriodIsATenthOfWhatIsKeptShortest) {
    EXPECT_EQ(ObjectSweep::period_of({}), 1h);
    EXPECT_EQ(ObjectSweep::period_of({std::nullopt, std::nullopt, std::nullopt}), 1h);
    EXPECT_EQ(ObjectSweep::period_of({7 * 24h, 20min, std::nullopt}), 2min);
    EXPECT_EQ(ObjectSweep::period_of({1s, std::nullopt, 24h}), 10s);
}

TEST_F(ObjectSweepTest, WhatIsKeptForMinutesIsLookedForAtEveryLook) {
    ObjectSweep often{10s};
    for (int i = 0; i < 10; ++i) {
        EXPECT_GE(often.steps_now(now), 1u);
        EXPECT_FALSE(often.goes_on(false));
        now += kLook - 5ms;
    }
}

}  // namespace
}  // namespace sluice
