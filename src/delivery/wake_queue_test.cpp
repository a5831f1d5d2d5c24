#include "delivery/wake_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/fake_clock.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class WakeQueueTest : public testing::Test {
  protected:
    /// Runs until everybody was woken whose time it is.
    void run_due() {
        io.restart();
        while (queue.size() > 0 && next_due() && io.run_one() > 0) {
        }
    }
    bool next_due() const { return soonest && *soonest <= clock.steady_now(); }
    void ask(SteadyTime at, std::uint32_t who) {
        soonest = soonest ? std::min(*soonest, at) : at;
        queue.at(at, who);
    }

    boost::asio::io_context io;
    FakeClock clock;
    std::vector<std::uint32_t> woken;
    std::optional<SteadyTime> soonest;
    std::function<void(std::uint32_t)> on_wake = [](std::uint32_t) {};
    WakeQueue queue{io, clock, [this](std::uint32_t who) {
                        soonest.reset();
                        woken.push_back(who);
                        on_wake(who);
                    }};
};

TEST_F(WakeQueueTest, WakesInTheOrderOfTheTimes) {
    SteadyTime now = clock.steady_now();
    queue.at(now + 2ms, 2);
    queue.at(now + 1ms, 1);
    queue.at(now + 3ms, 3);
    clock.advance(2ms);
    ask(now, 4);
    run_due();
    EXPECT_THAT(woken, ElementsAre(4, 1, 2));
    EXPECT_EQ(queue.size(), 1u);
}

// A late timer (a target's back-off), and again and again something sooner to wait for (a batch being gathered):
// whoever is woken asks for the late time again. Its entries piled up, and all of them fired when the time came.
TEST_F(WakeQueueTest, OneThatWaitsForALateTimeIsWokenForItOnceHoweverOftenItWaitedForSoonerOnes) {
    SteadyTime late = clock.steady_now() + 1h;
    on_wake = [&](std::uint32_t who) {
        if (clock.steady_now() < late) queue.at(late, who);
    };
    queue.at(late, 7);
    for (int batch = 0; batch < 100; ++batch) {
        ask(clock.steady_now(), 7);
        run_due();
        EXPECT_EQ(queue.size(), 1u);
    }
    EXPECT_EQ(woken.size(), 100u);
    woken.clear();
    clock.advance(1h);
    ask(late - 1ms, 8);  // the timer is the real clock's: this brings it forward
    run_due();
    EXPECT_THAT(woken, ElementsAre(8, 7));
    EXPECT_EQ(queue.size(), 0u);
}

TEST_F(WakeQueueTest, ALaterTimeThanTheOneItWaitsForIsPassedOver) {
    SteadyTime now = clock.steady_now();
    ask(now, 1);
    queue.at(now + 1h, 1);
    run_due();
    EXPECT_THAT(woken, ElementsAre(1));
    EXPECT_EQ(queue.size(), 0u);
}

TEST_F(WakeQueueTest, WhoeverIsForgottenIsNotWoken) {
    ask(clock.steady_now(), 1);
    queue.at(clock.steady_now(), 2);
    queue.forget(2);
    run_due();
    EXPECT_THAT(woken, ElementsAre(1));
}

TEST_F(WakeQueueTest, NobodyIsWokenOnceItIsClosed) {
    queue.at(clock.steady_now(), 1);
    queue.close();
    io.run();
    EXPECT_THAT(woken, IsEmpty());
}

}  // namespace
}  // namespace sluice
