#include "control/request_rate.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/fake_clock.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(RequestRate, LetsABurstThroughAndThenItsRate) {
    FakeClock clock;
    RequestRate rate({.per_second = 10, .burst = 5});
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(rate.take(clock.steady_now())) << i;
    auto wait = rate.take(clock.steady_now());
    ASSERT_TRUE(wait);
    EXPECT_EQ(*wait, 100ms);
    clock.advance(99ms);
    EXPECT_TRUE(rate.take(clock.steady_now()));
    clock.advance(1ms);
    EXPECT_FALSE(rate.take(clock.steady_now()));
    EXPECT_TRUE(rate.take(clock.steady_now()));
    clock.advance(10s);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(rate.take(clock.steady_now())) << i;
    EXPECT_TRUE(rate.take(clock.steady_now()));
}

TEST(RequestRate, WithoutALimitLetsEverythingThrough) {
    FakeClock clock;
    RequestRate rate({});
    for (int i = 0; i < 100'000; ++i) ASSERT_FALSE(rate.take(clock.steady_now()));
}

TEST(RequestRate, IsExactOverThreads) {
    FakeClock clock;
    RequestRate rate({.per_second = 1000, .burst = 1000});
    std::atomic<int> let_through{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int each = 0; each < 1000; ++each)
                if (!rate.take(clock.steady_now())) ++let_through;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(let_through, 1000);
}

TEST(FailureBound, HoldsAnAddressAndNotItsNeighbours) {
    FakeClock clock;
    FailureBound bound(60);
    for (int i = 0; i < 60; ++i) {
        EXPECT_FALSE(bound.wait_of("203.0.113.9", clock.steady_now())) << i;
        bound.count("203.0.113.9", clock.steady_now());
    }
    EXPECT_TRUE(bound.wait_of("203.0.113.9", clock.steady_now()));
    int held = 0;
    for (int i = 0; i < 250; ++i) held += bound.wait_of("198.51.100." + std::to_string(i), clock.steady_now()) ? 1 : 0;
    EXPECT_LE(held, 2) << "addresses seldom share a place";
    clock.advance(1s);
    EXPECT_FALSE(bound.wait_of("203.0.113.9", clock.steady_now())) << "one a second";
}

TEST(FailureBound, IsNotHeldAgainstAnAddressForLong) {
    FakeClock clock;
    FailureBound bound(60);
    for (int i = 0; i < 100'000; ++i) bound.count("203.0.113.9", clock.steady_now());
    EXPECT_TRUE(bound.wait_of("203.0.113.9", clock.steady_now()));
    clock.advance(2s);
    EXPECT_FALSE(bound.wait_of("203.0.113.9", clock.steady_now()));
}

TEST(FailureBound, CountsIpv6ByItsNetwork) {
    FakeClock clock;
    FailureBound bound(10);
    for (int i = 0; i < 10; ++i) bound.count("2001:db8:1:2::" + std::to_string(i), clock.steady_now());
    EXPECT_TRUE(bound.wait_of("2001:db8:1:2:ffff::1", clock.steady_now()));
    EXPECT_FALSE(FailureBound(0).wait_of("2001:db8:1:2::1", clock.steady_now()));
}

}  // namespace
}  // namespace sluice
