#include "delivery/lane_fixture_for_test.hpp"

// How fast a lane sends: rate limits, and the breaker.
namespace sluice {
namespace {

using testing::IsEmpty;

TEST_F(LaneTest, HoldsTheRateInEvents) {
    options.rate.events_per_second = 100;
    options.limits.max_concurrent = 1000;
    for (Sequence i = 1; i <= 1000; ++i) feed(i, i);
    std::size_t sent = 0;
    SteadyTime end = now + 3s;
    while (now < end) {
        for (auto events = send(); !events.empty(); events = send()) sent += events.size();
        EXPECT_EQ(lane().state(now), IntegrationState::throttled);
        now = lane().wake_at();
    }
    EXPECT_GE(sent, 300u);
    EXPECT_LE(sent, 400u) << "a second's worth may be saved up";
}

TEST_F(LaneTest, TheRateIsExactOverTime) {
    // A thousand virtual seconds each: what was sent is the rate times the time and at most one second's worth more.
    for (std::uint64_t rate : {1, 7, 50, 333}) {
        options.rate.events_per_second = rate;
        options.limits.max_concurrent = 1000;
        lane_ = nullptr;
        in_flight.clear();
        SteadyTime start = now, end = now + 1000s;
        Sequence fed = 0;
        std::uint64_t sent = 0;
        while (now < end) {
            while (fed < sent + 2 * rate + 20) ++fed, feed(fed, fed);
            for (auto events = send(); !events.empty(); events = send()) sent += events.size();
            while (!in_flight.empty()) answer_all(ok());
            now = lane().wake_at();
            ASSERT_LT(now, SteadyTime::max());
        }
        double seconds = std::chrono::duration<double>(now - start).count();
        EXPECT_GE(static_cast<double>(sent), static_cast<double>(rate) * (seconds - 1)) << rate;
        EXPECT_LE(static_cast<double>(sent), static_cast<double>(rate) * (seconds + 1)) << rate;
    }
}

TEST_F(LaneTest, TheRateInBytesIsExactOverTimeAlsoForEventsLargerThanASecondsWorth) {
    options.rate.bytes_per_second = 150;
    options.limits.max_concurrent = 1000;
    options.limits.max_events = 1;
    SteadyTime start = now, end = now + 1000s;
    Sequence fed = 0;
    std::uint64_t sent = 0;
    while (now < end) {
        while (fed < sent + 5) ++fed, feed(fed, fed, 0, 400);
        for (auto events = send(); !events.empty(); events = send()) sent += events.size();
        while (!in_flight.empty()) answer_all(ok());
        now = lane().wake_at();
        ASSERT_LT(now, SteadyTime::max());
    }
    double seconds = std::chrono::duration<double>(now - start).count();
    EXPECT_NEAR(static_cast<double>(sent) * 400, 150 * seconds, 150 + 400);
}

TEST_F(LaneTest, WhatElseIsSentCountsAgainstTheRate) {
    options.rate.events_per_second = 10;
    for (Sequence i = 1; i <= 100; ++i) feed(i, i);
    EXPECT_EQ(send().size(), 10u);
    lane().spend(50, 5000);
    EXPECT_GE(lane().wake_at() - now, 5s);
}

TEST_F(LaneTest, ARateLimitIsToldWhereFewEventsWait) {
    options.rate.events_per_second = 1;
    options.batch.max_wait = 10ms;
    feed(1, 1), feed(2, 2);
    pass(10ms);
    EXPECT_EQ(send().size(), 1u);
    EXPECT_EQ(lane().state(now), IntegrationState::throttled) << "the second is due, and only the rate holds it back";
    EXPECT_EQ(lane().state_reason(now), "the rate limit holds it back");
}

// The breaker.

TEST_F(LaneTest, ADestinationThatRefusesIsTriedWithOneEvent) {
    for (Sequence i = 1; i <= 8; ++i) feed(i, i);
    EXPECT_EQ(lane().breaker(now), Lane::Breaker::closed);
    EXPECT_EQ(send().size(), 8u);
    answer_all(retry(ErrorClass::transient, ""));
    EXPECT_EQ(lane().breaker(now), Lane::Breaker::open);
    pass(1s);
    EXPECT_EQ(lane().breaker(now), Lane::Breaker::half_open);
    EXPECT_EQ(send().size(), 1u);
    EXPECT_THAT(send(), IsEmpty());
    EXPECT_EQ(lane().breaker(now), Lane::Breaker::half_open);
    answer_all(retry(ErrorClass::transient, ""));
    EXPECT_EQ(lane().breaker(now), Lane::Breaker::open);
    pass(1s);
    EXPECT_EQ(send().size(), 1u);
    answer({ok()});
    EXPECT_EQ(lane().breaker(now), Lane::Breaker::closed);
    EXPECT_EQ(send().size(), 7u);
}

TEST_F(LaneTest, ADestinationThatRefusesForLongHoldsLittleAndLosesNothing) {
    for (Sequence i = 1; i <= 40; ++i) feed(i, i);
    for (int failures = 0; failures < 3; ++failures) {
        EXPECT_FALSE(lane().is_dormant());
        EXPECT_FALSE(send().empty());
        while (!in_flight.empty()) answer_all(retry(ErrorClass::transient, ""));
        pass(1s);
    }
    EXPECT_TRUE(lane().is_dormant());
    EXPECT_FALSE(lane().wants_more()) << "nothing more is read for it";
    std::size_t keep = 3 * (100 + kEventOverhead);
    lane().let_go(keep);
    EXPECT_LE(lane().resident_bytes(), keep);
    std::size_t parked = 0;
    lane().drain_parked([&](SlotIndex) { ++parked; });
    EXPECT_EQ(parked, 37u);
    EXPECT_EQ(lane().pending(), 40u);

    std::size_t delivered = 0;
    for (int turn = 0; turn < 200 && delivered < 40; ++turn) {
        for (auto events = send(); !events.empty(); events = send()) delivered += events.size();
        std::vector<SlotIndex> wanted;
        lane().drain_wanted([&](SlotIndex slot, Sequence) { wanted.push_back(slot); });
        for (SlotIndex slot : wanted) lane().loaded(slot, now);
        while (!in_flight.empty()) answer_all(ok());
    }
    EXPECT_EQ(delivered, 40u);
    EXPECT_EQ(lane().ledger().delivered, 40u);
    EXPECT_TRUE(lane().wants_more());
}

TEST_F(LaneTest, NewLimitsHoldForWhatIsSentFromThenOn) {
    options.limits.max_events = 2;
    options.limits.max_concurrent = 1;
    for (Sequence i = 1; i <= 20; ++i) feed(i, i);
    EXPECT_EQ(send().size(), 2u);
    Limits larger = options.limits;
    larger.max_events = 5;
    larger.max_concurrent = 2;
    lane().change_limits(larger);
    EXPECT_EQ(send().size(), 5u) << "and a second batch at a time";
    EXPECT_THAT(send(), IsEmpty());
}

}  // namespace
}  // namespace sluice
