// What changes while an integration runs: its settings, what its destination takes, how large its cursor is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "delivery/delivery_test_kit.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

std::string one_of_ten(std::size_t i) {
    return "o" + std::to_string(i % 10);
}

std::vector<Sequence> numbers(Sequence first, Sequence last) {
    std::vector<Sequence> all(last - first + 1);
    std::iota(all.begin(), all.end(), first);
    return all;
}

TEST(DeliveryEngineChange, SettingsThatCannotStartLeaveTheOldOnesUndisturbed) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a", "old")));
    rig.append(5, one_of_ten);
    rig.cursors.wait_for_settled("a", 5);

    rig.cursors.allow_loads(0);
    Result<void> replaced = rig.run(rig.engine().replace(rig.config("a", "new")));
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error().code, Errc::io);
    EXPECT_EQ(rig.status("a").state, IntegrationState::running);
    rig.append(5, one_of_ten);
    rig.peer("old")->wait_for_count(10);
    EXPECT_EQ(rig.peer("old")->sequences(), numbers(1, 10));
    EXPECT_EQ(rig.peer("new")->calls(), 0u);
}

TEST(DeliveryEngineChange, TheOldSettingsComeBackWhenTheNewFailAtTheLastMoment) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a", "old")));
    rig.append(5, one_of_ten);
    rig.cursors.wait_for_settled("a", 5);

    rig.cursors.allow_loads(1);  // the trial works, the start does not
    ASSERT_FALSE(rig.run(rig.engine().replace(rig.config("a", "new"))));
    rig.cursors.wait_for_failed_loads(2);  // the new ones', and the first of the old ones' coming back
    rig.append(5, one_of_ten);
    rig.cursors.allow_loads(~std::size_t(0) / 2);
    rig.peer("old")->wait_for_count(10);
    rig.cursors.wait_for_settled("a", 10);
    EXPECT_EQ(rig.peer("old")->sequences(), numbers(1, 10)) << "what came meanwhile is neither lost nor repeated";
    EXPECT_EQ(rig.peer("new")->calls(), 0u);
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.state, IntegrationState::running);
    EXPECT_EQ(status.stats.matched, 10u);
}

TEST(DeliveryEngineChange, AnIntegrationThatWaitsForItsStartSaysWhyAndCanBeRemoved) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a", "old")));
    rig.cursors.allow_loads(1);
    ASSERT_FALSE(rig.run(rig.engine().replace(rig.config("a", "new"))));
    rig.cursors.wait_for_failed_loads(3);  // the second attempt of the old: what the first met was told
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.state, IntegrationState::blocked);
    EXPECT_THAT(status.reason, HasSubstr("the disk cannot be read"));
    Result<DeadLetterOutcome> discarded = rig.run(rig.engine().discard("a", DeadLetterFilter{}));
    ASSERT_FALSE(discarded);
    EXPECT_EQ(discarded.error().code, Errc::unavailable);
    EXPECT_TRUE(rig.run(rig.engine().remove("a", true)));
    EXPECT_FALSE(rig.run(rig.engine().status("a")));
}

TEST(DeliveryEngineChange, APausedIntegrationStaysPausedWithItsReasonUnderNewSettings) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a", "old")));
    ASSERT_TRUE(rig.run(rig.engine().pause("a", "paused by ops")));
    ASSERT_TRUE(rig.run(rig.engine().replace(rig.config("a", "new"))));
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.state, IntegrationState::paused);
    EXPECT_EQ(status.reason, "paused by ops");
}

// What ends waits for its batch under way; the log goes on meanwhile.
class WhileItEnds : public testing::Test {
  protected:
    void SetUp() override {
        rig.start();
        ASSERT_TRUE(rig.add(rig.config("a", "old")));
        rig.peer("old")->close_gate();
        rig.append(1, one_of_ten);
        rig.peer("old")->wait_at_gate();
    }
    /// Runs `ends` on a thread of its own; once it surely waits for the batch, `meanwhile`, and lets it go on.
    template <class F, class G>
    void while_it_ends(F ends, G meanwhile) {
        std::thread ending(std::move(ends));
        for (int i = 0; i < 50; ++i) (void)run_for_test(io, rig.engine().status("a"));
        meanwhile();
        (void)run_for_test(io, rig.engine().status("a"));
        rig.peer("old")->open_gate();
        ending.join();
    }
    template <class F>
    void append_meanwhile(F ends) {
        while_it_ends(std::move(ends), [this] {
            for (int i = 0; i < 10; ++i) rig.append(1, one_of_ten);
        });
    }
    void replace_old_by_one_that_pauses() {
        rig.peer("old")->open_gate();
        rig.cursors.wait_for_settled("a", 1);
        IntegrationConfig config = rig.config("a", "old");
        config.on_dead_letter = OnDeadLetter::pause;
        ASSERT_TRUE(rig.run(rig.engine().replace(std::move(config))));
        auto why = std::make_shared<Failure>();
        why->error_class = ErrorClass::rejected;
        why->message = "no such thing";
        rig.peer("old")->set_script([why](std::span<const Message> messages) {
            return std::vector<Verdict>(messages.size(), Verdict::rejected(why));
        });
        rig.peer("old")->close_gate();
        rig.append(1, one_of_ten);
        rig.peer("old")->wait_at_gate();
    }
    void replace() {
        IntegrationConfig config = rig.config("a", "new");
        config.on_dead_letter = OnDeadLetter::pause;
        ASSERT_TRUE(rig.run(rig.engine().replace(std::move(config))));
    }
    std::vector<Sequence> delivered() {
        rig.cursors.wait_for("a", [](const Cursor& cursor) { return cursor.position.sequence == 11; });
        std::vector<Sequence> all = rig.peer("old")->sequences();
        std::vector<Sequence> rest = rig.peer("new")->sequences();
        all.insert(all.end(), rest.begin(), rest.end());
        return all;
    }

    boost::asio::io_context io;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(io);
    DeliveryRig rig;
};

TEST_F(WhileItEnds, WhatIsCommittedIsDeliveredUnderTheNewSettings) {
    append_meanwhile([this] { ASSERT_TRUE(rig.run(rig.engine().replace(rig.config("a", "new")))); });
    EXPECT_EQ(delivered(), numbers(1, 11));
    EXPECT_EQ(rig.status("a").stats.delivered, 11u);
}

TEST_F(WhileItEnds, WhatIsCommittedIsDeliveredWhenItComesBack) {
    append_meanwhile([this] { ASSERT_TRUE(rig.run(rig.engine().remove("a", true))); });
    ASSERT_TRUE(rig.add(rig.config("a", "new")));
    EXPECT_EQ(delivered(), numbers(1, 11));
}

TEST_F(WhileItEnds, WhatIsCommittedIsDeliveredAfterARestart) {
    append_meanwhile([this] { rig.stop(); });
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a", "new")));
    EXPECT_EQ(delivered(), numbers(1, 11));
}

TEST_F(WhileItEnds, APauseHoldsUnderTheNewSettings) {
    while_it_ends([this] { replace(); },
                  [this] { ASSERT_TRUE(run_for_test(io, rig.engine().pause("a", "paused by ops"))); });
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.state, IntegrationState::paused);
    EXPECT_EQ(status.reason, "paused by ops");
}

TEST_F(WhileItEnds, AResumeHoldsUnderTheNewSettings) {
    ASSERT_TRUE(rig.run(rig.engine().pause("a", "paused by ops")));
    while_it_ends([this] { replace(); }, [this] { ASSERT_TRUE(run_for_test(io, rig.engine().resume("a"))); });
    EXPECT_EQ(rig.status("a").state, IntegrationState::running);
    rig.append(1, one_of_ten);
    rig.peer("new")->wait_for_count(1);
}

TEST_F(WhileItEnds, ADeadLetterAmongItsLastVerdictsPausesTheNewSettingsToo) {
    replace_old_by_one_that_pauses();
    while_it_ends([this] { replace(); }, [] {});
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.state, IntegrationState::paused);
    EXPECT_THAT(status.reason, HasSubstr("a dead letter: no such thing"));
    std::vector<IntegrationCondition> conditions = rig.run(rig.engine().conditions());
    ASSERT_EQ(conditions.size(), 1u);
    EXPECT_TRUE(conditions.front().paused_by_dead_letter);
}

TEST(DeliveryEngineChange, OneWhoseBeginningCannotBeStoredDoesNotGoOnUnderAnIdThatIsFree) {
    DeliveryRig rig;
    rig.shard_count = 1;
    rig.start();
    rig.cursors.refuse(true);
    ASSERT_FALSE(rig.add(rig.config("a", "first")));
    rig.cursors.refuse(false);
    Result<void> again = rig.add(rig.config("a", "second"));
    ASSERT_TRUE(again) << again.error().message;
    rig.append(5, one_of_ten);
    rig.cursors.wait_for_settled("a", 5);
    EXPECT_EQ(rig.peer("first")->calls(), 0u);
    EXPECT_TRUE(rig.run(rig.engine().remove("a", false)));
}

TEST(DeliveryEngineChange, WhenItLastDeliveredIsKnownAfterARestart) {
    DeliveryRig rig;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    EXPECT_EQ(rig.status("a").stats.last_delivery, std::nullopt);
    rig.append(1, one_of_ten);
    rig.cursors.wait_for_settled("a", 1);
    auto delivered_at = rig.status("a").stats.last_delivery;
    ASSERT_TRUE(delivered_at);
    rig.stop();
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    EXPECT_EQ(rig.status("a").stats.last_delivery, delivered_at);
}

TEST(DeliveryEngineChange, WhatAProbeFindsOutHoldsForTheNextBatch) {
    DeliveryRig rig;
    rig.peer()->limits.max_events = 1;
    rig.peer()->limits.max_concurrent = 1;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(10, one_of_ten);
    rig.cursors.wait_for_settled("a", 10);
    EXPECT_EQ(rig.peer()->calls(), 10u);

    Limits larger = rig.peer()->limits;
    larger.max_events = 100;
    rig.peer()->limits_after_probe = larger;
    ASSERT_TRUE(rig.run(rig.engine().probe("a", Deadline::never())));
    rig.append(10, one_of_ten);
    rig.cursors.wait_for_settled("a", 20);
    EXPECT_EQ(rig.peer()->calls(), 11u) << "ten keys fit one batch now";
}

// A cursor with many ranges beside one that has none, on the same shard.
TEST(DeliveryEngineChange, AHeavyCursorIsWrittenLessOftenThanALightOne) {
    DeliveryRig rig;
    rig.shard_count = 1;
    rig.options.commit_pause_per_range = std::chrono::hours(1);
    rig.options.checkpoint_interval = std::chrono::hours(1);
    rig.peer("heavy")->set_script([](std::span<const Message> messages) {
        auto why = std::make_shared<Failure>();
        why->error_class = ErrorClass::transient;
        why->target = "t";
        std::vector<Verdict> verdicts;
        for (const Message& message : messages)
            verdicts.push_back(message.key == "o0" ? Verdict::retry(why) : Verdict::accepted());
        return verdicts;
    });
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("heavy", "heavy")));
    ASSERT_TRUE(rig.add(rig.config("light", "light")));
    rig.append(50, one_of_ten);
    rig.cursors.wait_for("heavy", [](const Cursor& cursor) { return cursor.settled_beyond.size() >= 1; });
    std::size_t before = rig.cursors.commits_of("heavy");
    for (int i = 0; i < 5; ++i) {
        std::size_t light = rig.cursors.commits_of("light");
        rig.append(10, one_of_ten);
        rig.cursors.wait_for_commits("light", light + 1);
    }
    rig.peer("heavy")->wait_for_count(90);
    EXPECT_EQ(rig.cursors.commits_of("heavy"), before);
    rig.stop();
    EXPECT_EQ(rig.cursors.cursor("heavy").ledger.delivered, 90u) << "a stop writes all of it";
}

}  // namespace
}  // namespace sluice
