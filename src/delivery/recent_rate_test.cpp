#include "delivery/recent_rate.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

SteadyTime second(int seconds) {
    return SteadyTime(std::chrono::seconds(100'000 + seconds));
}

TEST(RecentRate, IsNothingBeforeTheFirstEvent) {
    EXPECT_EQ(RecentRate().per_second(second(0)), 0);
}

TEST(RecentRate, TellsASteadyRateFromTheFirstMinuteOn) {
    RecentRate rate;
    for (int at = 0; at < 30; ++at) rate.add(100, second(at));
    EXPECT_NEAR(rate.per_second(second(30)), 100, 1);
    for (int at = 30; at < 300; ++at) rate.add(100, second(at));
    EXPECT_NEAR(rate.per_second(second(300)), 100, 2);
}

TEST(RecentRate, ForgetsWhatIsMoreThanAMinuteAgo) {
    RecentRate rate;
    rate.add(6000, second(0));
    EXPECT_NEAR(rate.per_second(second(50)), 120, 1);
    EXPECT_EQ(rate.per_second(second(60)), 0);
    EXPECT_EQ(rate.per_second(second(100'000)), 0);
}

TEST(RecentRate, CountsAgainAfterALongRest) {
    RecentRate rate;
    rate.add(6000, second(0));
    rate.add(60, second(3600));
    EXPECT_NEAR(rate.per_second(second(3600)), 60.0 / 55, 0.1);
}

}  // namespace
}  // namespace sluice
