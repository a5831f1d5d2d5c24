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

TEST_F(LaneTest, TheRateInBytesBoundsEachBatchToo) {
    options.rate.bytes_per_second = 10'000;
    options.limits.max_bytes = 1'000'000;
    for (Sequence i = 1; i <= 400; ++i) feed(i, i, 0, 1000);
    SteadyTime start = now;
    std::uint64_t sent = 0;
    while (sent < 400) {
        std::size_t batch = 0;
        for (auto events = send(); !events.empty(); events = send()) batch += events.size();
        EXPECT_LE(batch, 10u) << "no more at once than what a second allows";
        sent += batch;
        double seconds = std::chrono::duration<double>(now - start).count();
        EXPECT_LE(static_cast<double>(sent), 10 * (seconds + 1) + 1);
        while (!in_flight.empty()) answer_all(ok());
        if (sent < 400) now = std::max(now, lane().wake_at());
    }
    EXPECT_NEAR(std::chrono::duration<double>(now - start).count(), 39, 1.5);
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
    EXPECT_FALSE(lane().wants_more(now)) << "nothing more is read for it";
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
    EXPECT_TRUE(lane().wants_more(now));
}

// What it could not send is left in the log.

TEST_F(LaneTest, WhatMayBeSentSlowlyIsReadInPortions) {
    EXPECT_EQ(lane().worth_reading(), 1000u);
    lane_ = nullptr;
    options.rate.events_per_second = 10;
    options.limits.fixed_target = true;
    EXPECT_EQ(lane().worth_reading(), 20u) << "two seconds' worth";
    for (Sequence i = 1; i <= 10; ++i) feed(i, i);
    EXPECT_EQ(lane().worth_reading(), 10u) << "half is left";
    feed(11, 11);
    EXPECT_EQ(lane().worth_reading(), 0u);
    EXPECT_TRUE(lane().wants_more(now)) << "what comes by itself is taken";
}

TEST_F(LaneTest, NothingMoreIsReadWhileTheBreakerIsOpen) {
    for (Sequence i = 1; i <= 4; ++i) feed(i, i);
    send();
    EXPECT_TRUE(lane().wants_more(now));
    answer_all(retry(ErrorClass::transient, ""));
    EXPECT_FALSE(lane().wants_more(now));
    pass(1s);
    send();
    EXPECT_FALSE(lane().wants_more(now)) << "half open";
    answer({ok()});
    EXPECT_TRUE(lane().wants_more(now));
}

TEST_F(LaneTest, NothingMoreIsReadWhileTheOnlyTargetRefuses) {
    options.limits.fixed_target = true;
    for (Sequence i = 1; i <= 4; ++i) feed(i, i);
    send();
    answer_all(retry(ErrorClass::missing_target));
    EXPECT_FALSE(lane().wants_more(now));
    for (int i = 0; i < 3; ++i) {
        pass(2s);
        EXPECT_EQ(send().size(), 1u);
        answer_all(retry(ErrorClass::missing_target));
    }
    EXPECT_TRUE(lane().is_dormant());
    pass(2s);
    send();
    answer({ok()});
    EXPECT_TRUE(lane().wants_more(now));
}

TEST_F(LaneTest, OtherTargetsAreReadOnForWhileOneRefuses) {
    for (Sequence i = 1; i <= 4; ++i) feed(i, i);
    send();
    answer_all(retry(ErrorClass::missing_target));
    EXPECT_TRUE(lane().wants_more(now));
}

TEST_F(LaneTest, NothingMoreIsReadWhileNoAnswerComes) {
    options.limits.max_events = 1;
    for (Sequence i = 1; i <= 4; ++i) feed(i, i);
    for (int i = 0; i < 4; ++i) send();
    pass(999ms);
    EXPECT_TRUE(lane().wants_more(now)) << "a slow answer is nothing unusual";
    pass(1ms);
    EXPECT_FALSE(lane().wants_more(now));
    answer({ok()});
    EXPECT_TRUE(lane().wants_more(now));
}

TEST_F(LaneTest, HoldsNoMoreThanASlowRateNeeds) {
    options.limits.fixed_target = true;
    options.rate.events_per_second = 20;
    Sequence fed = 0;
    while (lane().wants_more(now)) ++fed, feed(fed, fed);
    EXPECT_EQ(fed, 40u);
    EXPECT_EQ(send().size(), 10u);
    answer_all(ok());
    EXPECT_TRUE(lane().wants_more(now));
}

// A service that throttles.

/// Takes so many events a second, and refuses the rest, each event by itself or the whole request.
struct ThrottlingService {
    double allowed;
    bool whole;
    TokenBucket tokens;
    std::size_t accepted = 0;
    std::size_t refused = 0;
    std::size_t requests = 0;

    ThrottlingService(std::uint64_t per_second, bool whole_requests, SteadyTime now)
        : allowed(static_cast<double>(per_second)), whole(whole_requests), tokens(per_second, 1, now) {}

    std::vector<Verdict> answer(std::size_t events, SteadyTime now) {
        ++requests;
        std::size_t taken = std::min<std::size_t>(tokens.available(now), events);
        if (whole && taken < events) taken = 0;
        tokens.take(taken);
        accepted += taken;
        refused += events - taken;
        std::vector<Verdict> verdicts(events, retry(ErrorClass::throttled));
        std::fill(verdicts.begin(), verdicts.begin() + static_cast<std::ptrdiff_t>(taken), ok());
        return verdicts;
    }
};

TEST_F(LaneTest, AServiceThatThrottlesGetsNearlyWhatItAllowsAndIsAskedForLittleMore) {
    options.limits.max_events = 500;
    options.limits.max_bytes = 1 << 20;
    options.limits.fixed_target = true;
    options.retry.max_backoff = 30s;
    for (bool whole : {false, true}) {
        for (std::uint64_t allowed : {5, 50, 1000}) {
            SCOPED_TRACE((whole ? "whole requests, " : "single events, ") + std::to_string(allowed));
            lane_ = nullptr;
            ThrottlingService service(allowed, whole, now);
            Sequence fed = 0;
            constexpr std::size_t kObjects = 5000;
            SteadyTime counted = now + 1min, end = now + 11min;
            while (now < end) {
                while (lane().wants_more(now) && lane().pending() < 1000) ++fed, feed(fed, fed % kObjects);
                while (auto sent = next()) {
                    now += 2ms;
                    lane().settle(sent->index, service.answer(sent->events.size(), now), now);
                    drain();
                }
                if (now >= counted && counted != SteadyTime{}) {
                    service.accepted = service.refused = service.requests = 0;
                    counted = SteadyTime::max();
                }
                now = std::max(now + 1us, std::min(lane().wake_at(), now + 100ms));
            }
            double share = static_cast<double>(service.accepted) / (static_cast<double>(allowed) * 600);
            EXPECT_GE(share, 0.8);
            EXPECT_LE(service.refused, service.accepted / 5);
            EXPECT_LE(static_cast<double>(service.requests), 600 * 30.0) << "twenty a second or so";
            EXPECT_EQ(lane().state(now), IntegrationState::throttled);
            EXPECT_LE(lane().pending(), std::max<std::size_t>(3 * allowed, 100)) << "the rest stays in the log";
        }
    }
}

TEST_F(LaneTest, AServiceThatThrottlesForMinutesGetsAllOnceItDoesNot) {
    options.limits.max_events = 500;
    options.limits.max_bytes = 1 << 20;
    options.retry.max_backoff = 30s;
    for (Sequence i = 1; i <= 20'000; ++i) feed(i, i);
    std::size_t requests = 0;
    for (SteadyTime end = now + 5min; now < end; now = std::max(now + 1us, lane().wake_at())) {
        while (auto sent = next()) {
            ++requests;
            lane().settle(sent->index, std::vector<Verdict>(sent->events.size(), retry(ErrorClass::throttled)), now);
            drain();
        }
    }
    EXPECT_LE(requests, 30u) << "it asks with growing patience";
    SteadyTime since = now;
    while (lane().pending() > 0) {
        while (auto sent = next()) {
            lane().settle(sent->index, std::vector<Verdict>(sent->events.size(), ok()), now);
            drain();
        }
        ASSERT_TRUE(lane().pending() == 0 || lane().wake_at() < SteadyTime::max());
        now = std::max(now + 1us, std::min(lane().wake_at(), now + 1min));
    }
    EXPECT_LE(now - since, 2min);
    EXPECT_EQ(lane().ledger().delivered, 20'000u);
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
