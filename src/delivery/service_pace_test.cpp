#include "delivery/service_pace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace sluice {
namespace {

using namespace std::chrono_literals;

/// A service that allows so many events a second, and a caller with more to send than that.
class Service {
  public:
    enum class Refuses { the_rest, the_request };
    Service(double per_second, Refuses refuses) : rate_(per_second), refuses_(refuses), tokens_(per_second) {}

    struct Counts {
        std::uint64_t accepted = 0;
        std::uint64_t refused = 0;
    };
    Counts ask(std::uint64_t events, SteadyTime now) {
        tokens_ = std::min(rate_, tokens_ + rate_ * std::chrono::duration<double>(now - at_).count());
        at_ = now;
        auto most = static_cast<std::uint64_t>(std::max(tokens_, 0.0));
        std::uint64_t taken = std::min(events, most);
        if (refuses_ == Refuses::the_request && taken < events) taken = 0;
        tokens_ -= static_cast<double>(taken);
        return {taken, events - taken};
    }
    void allow(double per_second) { rate_ = per_second; }

  private:
    double rate_;
    Refuses refuses_;
    double tokens_;
    SteadyTime at_{1h};
};

class ServicePaceTest : public testing::Test {
  protected:
    Service::Counts send_for(Service& service, std::chrono::seconds time, std::uint64_t most = 500) {
        Service::Counts counts;
        for (SteadyTime end = now + time; now < end;) {
            std::uint64_t events = std::min(pace.available(now), most);
            if (events == 0) {
                now = std::max(pace.ready_at(), now + 1us);
                continue;
            }
            pace.take(events);
            now += 5ms;
            Service::Counts answer = service.ask(events, now);
            pace.answered(answer.accepted, answer.refused, now);
            counts.accepted += answer.accepted;
            counts.refused += answer.refused;
            // What the lane's breaker does when nothing is accepted.
            if (answer.accepted == 0) now += 100ms;
        }
        return counts;
    }

    ServicePace pace;
    SteadyTime now{1h};
};

TEST_F(ServicePaceTest, DoesNotLimitAServiceThatDoesNotThrottle) {
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(pace.available(now), ServicePace::kUnlimited);
        pace.take(500);
        pace.answered(500, 0, now += 1ms);
    }
    EXPECT_FALSE(pace.limits());
    EXPECT_LE(pace.ready_at(), now);
}

TEST_F(ServicePaceTest, SettlesNearWhatTheServiceAllowsWithFewRefusals) {
    for (Service::Refuses refuses : {Service::Refuses::the_rest, Service::Refuses::the_request}) {
        for (double allowed : {2.0, 10.0, 100.0, 1000.0, 20'000.0}) {
            SCOPED_TRACE(std::to_string(allowed) + (refuses == Service::Refuses::the_rest ? " some" : " whole"));
            pace = ServicePace();
            Service service(allowed, refuses);
            send_for(service, 30s);
            auto counts = send_for(service, 300s);
            double accepted = static_cast<double>(counts.accepted) / 300;
            EXPECT_GE(accepted, 0.8 * allowed);
            EXPECT_LE(static_cast<double>(counts.refused), 0.15 * static_cast<double>(counts.accepted));
        }
    }
}

TEST_F(ServicePaceTest, FollowsAServiceThatAllowsMoreOrLess) {
    Service service(100, Service::Refuses::the_rest);
    send_for(service, 60s);
    service.allow(2000);
    send_for(service, 60s);
    EXPECT_GE(send_for(service, 60s).accepted, 60 * 1500u);
    service.allow(50);
    send_for(service, 20s);
    auto counts = send_for(service, 100s);
    EXPECT_GE(counts.accepted, 100 * 40u);
    EXPECT_LE(counts.refused, counts.accepted / 5);
}

TEST_F(ServicePaceTest, AFewRefusalsOfAHotKeyDoNotSlowTheOthers) {
    // One in fifty is always refused: a shard of its own that is too small.
    pace.answered(490, 10, now);
    double begun = pace.events_per_second();
    for (int i = 0; i < 100; ++i) pace.answered(490, 10, now += 1s);
    EXPECT_GE(pace.events_per_second(), begun);
}

TEST_F(ServicePaceTest, DoesNotSlowDownForAServiceThatRefusesSomeHoweverSlowlyItIsAsked) {
    // One in three, whatever the rate.
    std::uint64_t accepted = 0;
    for (SteadyTime end = now + 120s; now < end;) {
        std::uint64_t events = std::min<std::uint64_t>(pace.available(now), 300);
        if (events == 0) {
            now = std::max(pace.ready_at(), now + 1us);
            continue;
        }
        pace.take(events);
        now += 10ms;
        std::uint64_t refused = (events + accepted % 3) / 3;
        pace.answered(events - refused, refused, now);
        accepted += events - refused;
    }
    EXPECT_GE(accepted, 100u * 1000) << "a few dips, to see whether it helps";
}

TEST_F(ServicePaceTest, DoesNotSlowDownForAServiceThatRefusesSomeRequestsHoweverSlowlyItIsAsked) {
    for (double share : {0.1, 0.3}) {
        for (std::uint32_t seed = 1; seed <= 20; ++seed) {
            SCOPED_TRACE(std::to_string(share) + ", seed " + std::to_string(seed));
            pace = ServicePace();
            std::mt19937 random(seed);
            std::bernoulli_distribution refuses(share);
            std::uint64_t accepted = 0;
            for (SteadyTime end = now + 120s; now < end;) {
                // A stream of 20 events a second at most.
                std::uint64_t events = std::min<std::uint64_t>(pace.available(now), 2);
                if (events == 0) {
                    now = std::max(pace.ready_at(), now + 1us);
                    continue;
                }
                pace.take(events);
                now += 100ms;
                bool refused = refuses(random);
                pace.answered(refused ? 0 : events, refused ? events : 0, now);
                accepted += refused ? 0 : events;
            }
            // Twice it tries whether going slower helps.
            EXPECT_GE(static_cast<double>(accepted), 0.6 * (1 - share) * 20 * 120);
        }
    }
}

TEST_F(ServicePaceTest, AfterAnOutageItIsSoonAsFastAsItWas) {
    Service service(1000, Service::Refuses::the_rest);
    send_for(service, 10s);
    service.allow(0);
    send_for(service, 300s);
    EXPECT_LE(pace.events_per_second(), 1);
    service.allow(1000);
    send_for(service, 12s);
    EXPECT_GE(pace.events_per_second(), 800);
}

TEST_F(ServicePaceTest, ForgetsAMinuteAfterTheLastRefusal) {
    pace.answered(0, 500, now);
    EXPECT_TRUE(pace.limits());
    EXPECT_LE(pace.available(now + 59s), 50u);
    EXPECT_EQ(pace.available(now + 60s), ServicePace::kUnlimited);
    EXPECT_FALSE(pace.limits());
}

TEST_F(ServicePaceTest, NeverAsksLessOftenThanOnceASecond) {
    for (int i = 0; i < 1000; ++i) pace.answered(0, 1, now += 300ms);
    pace.available(now);
    EXPECT_LE(pace.ready_at() - now, 1s + 1ms);
}

}  // namespace
}  // namespace sluice
