// A part of the log again: which part, how it is told apart, and that live events come first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "delivery/delivery_test_kit.hpp"
#include "delivery/replay_range.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class ReplayRange : public testing::Test {
  protected:
    /// Forty events, one a minute from 12:00 on; the log has let go of the first twenty where asked.
    void fill(bool trimmed) {
        for (int i = 0; i < 40; ++i) {
            EventBatch batch;
            DeliveryRig::add_event(batch, "o", "io.acme", "com.acme");
            log.append(std::move(batch), [](Result<AppendReceipt> done) { done.value(); });
            clock.advance(1min);
        }
        if (trimmed) {
            ASSERT_TRUE(log.trim(0, 21, nullptr));
        }
    }
    Timestamp minute(int n) const { return begin + std::chrono::minutes(n); }
    Result<SequenceRange> range(ReplayRequest request) const { return replay_range(log, request); }

    FakeClock clock;
    const Timestamp begin = clock.now();
    FakeEventLog log{clock, 10};
};

TEST_F(ReplayRange, IsGivenBySequencesOrTimesAndEndsAtTheHead) {
    fill(false);
    EXPECT_EQ(range({.from = LogPosition{0, 5}}).value(), (SequenceRange{5, 40}));
    EXPECT_EQ(range({.from = LogPosition{0, 5}, .to = LogPosition{0, 9}}).value(), (SequenceRange{5, 9}));
    EXPECT_EQ(range({.from = LogPosition{0, 5}, .to = LogPosition{0, 900}}).value(), (SequenceRange{5, 40}));
    EXPECT_EQ(range({.from_time = minute(10), .to_time = minute(12)}).value(), (SequenceRange{11, 13}))
        << "both ends belong to it";
    EXPECT_EQ(range({.from_time = minute(0) - 1h}).value(), (SequenceRange{1, 40})) << "before the log began";
}

TEST_F(ReplayRange, WhatCannotBeIsRefusedInPlainWords) {
    fill(false);
    auto error = [&](ReplayRequest request) { return range(request).error(); };
    Error inverted = error({.from = LogPosition{0, 9}, .to = LogPosition{0, 5}});
    EXPECT_EQ(inverted.code, Errc::invalid_argument);
    EXPECT_THAT(inverted.message, HasSubstr("`to` (5) lies before `from` (9)"));
    EXPECT_EQ(error({.from_time = minute(9), .to_time = minute(5)}).code, Errc::invalid_argument);
    Error ahead = error({.from = LogPosition{0, 41}});
    EXPECT_EQ(ahead.code, Errc::invalid_argument);
    EXPECT_THAT(ahead.message, HasSubstr("beyond the log, whose last event is 40"));
    EXPECT_EQ(error({.from_time = minute(60)}).code, Errc::invalid_argument);
    Error empty = error({.from_time = minute(5) + 10s, .to_time = minute(5) + 20s});
    EXPECT_EQ(empty.code, Errc::not_found);
    EXPECT_THAT(empty.message, HasSubstr("nothing was stored between"));
}

TEST_F(ReplayRange, WhatTheLogHasLetGoIsNotPassedOverInSilence) {
    fill(true);
    Error gone = range({.from = LogPosition{0, 15}}).error();
    EXPECT_EQ(gone.code, Errc::not_found);
    EXPECT_THAT(gone.message, HasSubstr("it begins at 21"));
    Error by_time = range({.from_time = minute(3)}).error();
    EXPECT_EQ(by_time.code, Errc::not_found);
    EXPECT_THAT(by_time.message, HasSubstr("sequence 21"));
    EXPECT_EQ(range({.from_time = minute(20)}).value(), (SequenceRange{21, 40}));
}

std::string one_of_ten(std::size_t i) {
    return "o" + std::to_string(i % 10);
}

TEST(Replay, LiveEventsComeFirst) {
    DeliveryRig rig;
    rig.peer()->limits.max_events = 1;
    rig.peer()->limits.max_concurrent = 1;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(300, one_of_ten);
    rig.cursors.wait_for_settled("a", 300);
    rig.peer()->close_gate();
    rig.append(300, one_of_ten);
    rig.peer()->wait_at_gate();
    ASSERT_TRUE(rig.run(rig.engine().replay("a", {.from = LogPosition{0, 1}, .to = LogPosition{0, 300}})));
    rig.peer()->open_gate();
    rig.cursors.wait_for_settled("a", 600);
    std::size_t live = 0, again = 0;
    for (const auto& one : rig.peer()->stored()) {
        ++(one.replay.empty() ? live : again);
        // The live events have four fifths of the time; what is certain is that they never wait for two of the others.
        if (live < 600) {
            EXPECT_LE(again, live - 300 + 1);
        }
    }
    rig.peer()->wait_for_count(900);
}

TEST(Replay, LiveEventsGoOnWhileItsBatchIsUnderWayThoseOfItsKeysToo) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(10, one_of_ten);
    rig.cursors.wait_for_settled("a", 10);
    rig.peer()->close_gate(true);
    ASSERT_TRUE(rig.run(rig.engine().replay("a", {.from = LogPosition{0, 1}, .to = LogPosition{0, 3}})));
    rig.peer()->wait_at_gate();
    rig.append(100, one_of_ten);
    rig.cursors.wait_for_settled("a", 110);
    rig.peer()->open_gate();
    rig.peer()->wait_for_count(10 + 100 + 3);
    std::map<std::string, Sequence> last, again;
    for (const auto& one : rig.peer()->stored()) {
        Sequence& before = (one.replay.empty() ? last : again)[one.key];
        EXPECT_LT(before, one.sequence);
        before = one.sequence;
    }
}

TEST(Replay, RetriesOfOneReplayBearItsNameAndAnotherReplayAnother) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(20, one_of_ten);
    rig.cursors.wait_for_settled("a", 20);
    auto names = std::make_shared<std::set<std::string>>();
    auto calls = std::make_shared<int>(0);
    rig.peer()->set_script([names, calls](std::span<const Message> messages) {
        for (const Message& message : messages) names->insert(std::string(message.replay));
        auto why = std::make_shared<Failure>();
        why->target = "t";
        bool fails = ++*calls % 2 == 1;
        return std::vector<Verdict>(messages.size(), fails ? Verdict::retry(why) : Verdict::accepted());
    });
    auto replay = [&] {
        ReplayStatus begun = rig.run(rig.engine().replay("a", {.from = LogPosition{0, 1}})).value();
        while (rig.status("a").replay->running) std::this_thread::yield();
        EXPECT_EQ(rig.status("a").replay->delivered, 20u);
        return begun.id;
    };
    std::string first = replay();
    EXPECT_THAT(*names, testing::ElementsAre(first));
    while (to_epoch_ms(SystemClock::instance().now()) == std::stoll(first.substr(7))) std::this_thread::yield();
    std::string second = replay();
    EXPECT_NE(first, second);
    EXPECT_EQ(names->size(), 2u);
}

TEST(Replay, AStopEndsItAndWhoeverKeepsTheListIsToldHowFarItCame) {
    DeliveryRig rig;
    std::mutex mutex;
    std::vector<ReplayStatus> told;
    rig.options.on_replay = [&](const std::string&, const ReplayStatus& replay) {
        std::lock_guard lock(mutex);
        told.push_back(replay);
    };
    rig.peer()->limits.max_events = 1;
    rig.peer()->limits.max_concurrent = 1;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(50, one_of_ten);
    rig.cursors.wait_for_settled("a", 50);
    rig.peer()->close_gate();
    ASSERT_TRUE(rig.run(rig.engine().replay("a", {.from = LogPosition{0, 11}})));
    rig.peer()->wait_at_gate();
    EXPECT_EQ(rig.run(rig.engine().replay("a", {.from = LogPosition{0, 1}})).error().code, Errc::conflict);
    std::jthread opener([&] { rig.peer()->open_gate(); });
    rig.stop();
    ASSERT_EQ(told.size(), 2u);
    EXPECT_TRUE(told[0].running);
    EXPECT_FALSE(told[1].running);
    if (told[1].position.sequence < 50) {
        EXPECT_THAT(told[1].ended, HasSubstr("stopped"));
    }
    EXPECT_EQ(told[1].from.sequence, 11u);
}

TEST(Replay, WhatBecameOfItStaysToBeSeenAfterChangedSettings) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(50, one_of_ten);
    rig.cursors.wait_for_settled("a", 50);
    ReplayStatus begun = rig.run(rig.engine().replay("a", {.from = LogPosition{0, 11}})).value();
    rig.peer()->wait_for_count(90);
    ASSERT_TRUE(rig.run(rig.engine().replace(rig.config("a", "after"))));
    auto replay = rig.status("a").replay;
    ASSERT_TRUE(replay);
    EXPECT_EQ(replay->id, begun.id);
    EXPECT_FALSE(replay->running);
}

}  // namespace
}  // namespace sluice
