// Dead letters as people deal with them: found, sent again, thrown away, each exactly accounted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "delivery/delivery_test_kit.hpp"
#include "delivery/ledger_for_test.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<Failure> why(ErrorClass error_class, std::string code) {
    auto made = std::make_shared<Failure>();
    made->error_class = error_class;
    made->code = std::move(code);
    made->message = "as the test wants";
    made->target = "t";
    return made;
}
/// Sixty events of twenty objects; those of o3, o4 and o5 were rejected: sequences 4, 5, 6, 24, 25, 26, 44, 45, 46.
class DeadLetters : public testing::Test {
  protected:
    void start(const std::function<void(IntegrationConfig&)>& change = {}) {
        rig.peer()->set_script([this](std::span<const Message> messages) {
            std::vector<Verdict> verdicts;
            for (const Message& message : messages) verdicts.push_back(judge(message));
            return verdicts;
        });
        rig.start();
        IntegrationConfig config = rig.config("a");
        if (change) change(config);
        ASSERT_TRUE(rig.add(config));
        rig.append(30, object_of);
        rig.append(
            30, [](std::size_t i) { return object_of(i + 30); }, "io.acme.door");
        rig.cursors.wait_for_settled("a", 60);
    }
    Verdict judge(const Message& message) {
        if (unclear > 0) {
            --unclear;
            return Verdict::retry(why(ErrorClass::transient, "E7"), true);
        }
        if (failing_for_a_while) return Verdict::retry(why(ErrorClass::transient, "E9"));
        if (rejecting && message.key == "o3") return Verdict::rejected(why(ErrorClass::rejected, "E3"));
        if (rejecting && message.key == "o4") return Verdict::rejected(why(ErrorClass::too_large, "E4"));
        if (rejecting && message.key == "o5") return Verdict::rejected(why(ErrorClass::rejected, "E5"));
        return Verdict::accepted();
    }
    DeadLetterPage page(DeadLetterFilter filter, Sequence after = 0, std::size_t limit = 100) {
        return rig.run(rig.engine().dead_letters("a", std::move(filter), {0, after}, limit)).value();
    }
    std::vector<Sequence> found(DeadLetterFilter filter) { return sequences(page(std::move(filter))); }
    static std::vector<Sequence> sequences(const DeadLetterPage& page) {
        std::vector<Sequence> all;
        for (const DeadLetter& letter : page.items) all.push_back(letter.position.sequence);
        return all;
    }
    DeadLetterOutcome redeliver(DeadLetterFilter filter = {}, Deadline deadline = Deadline::never()) {
        return rig.run(rig.engine().redeliver("a", std::move(filter), deadline)).value();
    }

    DeliveryRig rig;
    std::atomic<bool> rejecting{true};
    std::atomic<bool> failing_for_a_while{false};
    std::atomic<int> unclear{0};  ///< so many events have no clear answer
};

TEST(DeadLetterList, ShowsWhatTheStatusCounts) {
    DeliveryRig rig;
    rig.options.commit_interval = std::chrono::hours(1);
    rig.peer()->set_script([](std::span<const Message> messages) {
        return std::vector<Verdict>(messages.size(), Verdict::rejected(why(ErrorClass::rejected, "E3")));
    });
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(5, object_of);
    while (rig.status("a").stats.dead_lettered < 5) std::this_thread::yield();
    EXPECT_EQ(rig.run(rig.engine().dead_letters("a", {}, {0, 0}, 100)).value().items.size(), 5u);
}

TEST_F(DeadLetters, AreFoundByWhatIsKnownOfThem) {
    start();
    EXPECT_THAT(found({}), ElementsAre(4, 5, 6, 24, 25, 26, 44, 45, 46));
    EXPECT_THAT(found({.rec_types = {"io.*.door"}}), ElementsAre(44, 45, 46));
    EXPECT_THAT(found({.error_class = ErrorClass::too_large}), ElementsAre(5, 25, 45));
    EXPECT_THAT(found({.code = "E5"}), ElementsAre(6, 26, 46));
    EXPECT_THAT(found({.key = "o3"}), ElementsAre(4, 24, 44));
    EXPECT_THAT(found({.rec_types = {"io.acme.desk"}, .key = "o3"}), ElementsAre(4, 24)) << "all must hold";
    EXPECT_THAT(found(DeadLetterFilter::at({{0, 25}, {0, 4}, {0, 7}})), ElementsAre(4, 25));
    EXPECT_THAT(found({.target = "elsewhere"}), IsEmpty());
    Timestamp second = page({}).items[1].at;
    EXPECT_THAT(found({.from = second + std::chrono::hours(1)}), IsEmpty());
    EXPECT_THAT(found({.to = second - std::chrono::hours(1)}), IsEmpty());
    EXPECT_EQ(found({.from = second - std::chrono::hours(1), .to = second + std::chrono::hours(1)}).size(), 9u);
}

TEST_F(DeadLetters, ArePagedWithAndWithoutAFilter) {
    start();
    DeadLetterPage first = page({}, 0, 4);
    EXPECT_THAT(sequences(first), ElementsAre(4, 5, 6, 24));
    ASSERT_TRUE(first.next);
    EXPECT_THAT(sequences(page({}, first.next->sequence, 100)), ElementsAre(25, 26, 44, 45, 46));
    DeadLetterPage two = page({.key = "o4"}, 0, 2);
    EXPECT_THAT(sequences(two), ElementsAre(5, 25));
    ASSERT_TRUE(two.next);
    DeadLetterPage last = page({.key = "o4"}, two.next->sequence, 2);
    EXPECT_THAT(sequences(last), ElementsAre(45));
    EXPECT_FALSE(last.next);
}

TEST_F(DeadLetters, AreRedeliveredInOrderAndCountedOnce) {
    start();
    rejecting = false;
    std::size_t before = rig.peer()->stored().size();
    DeadLetterOutcome outcome = redeliver();
    EXPECT_EQ(outcome.settled, 9u);
    EXPECT_EQ(outcome.left, 0u);
    EXPECT_TRUE(outcome.complete);
    EXPECT_FALSE(outcome.error);
    auto stored = rig.peer()->stored();
    ASSERT_EQ(stored.size(), before + 9);
    std::map<std::string, Sequence> latest;
    for (std::size_t i = before; i < stored.size(); ++i) {
        EXPECT_LT(latest[stored[i].key], stored[i].sequence);
        latest[stored[i].key] = stored[i].sequence;
        EXPECT_EQ(stored[i].replay, "") << "never accepted before: the same deduplication id";
    }
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.stats.delivered, 60u);
    EXPECT_EQ(status.stats.redelivered, 9u);
    EXPECT_EQ(status.stats.dead_lettered, 0u);
    EXPECT_EQ(rig.cursors.letter_count("a"), 0u);
    expect_ledger(status);
    EXPECT_EQ(redeliver().settled, 0u) << "there is nothing left";
}

TEST_F(DeadLetters, SomeAreRedeliveredAndTheOthersStay) {
    start();
    rejecting = false;
    EXPECT_EQ(redeliver({.code = "E4"}).settled, 3u);
    EXPECT_THAT(found({}), ElementsAre(4, 6, 24, 26, 44, 46));
    EXPECT_EQ(redeliver(DeadLetterFilter::at({{0, 24}, {0, 5}})).settled, 1u) << "5 is no dead letter any more";
    EXPECT_THAT(found({}), ElementsAre(4, 6, 26, 44, 46));
    expect_ledger(rig.status("a"));
}

TEST_F(DeadLetters, WhatFailsForAWhileIsTriedAgainUntilTheDeadline) {
    start();
    rejecting = false;
    failing_for_a_while = true;
    DeadLetterOutcome none = redeliver({}, Deadline::after(std::chrono::milliseconds(20)));
    EXPECT_EQ(none.settled, 0u);
    EXPECT_FALSE(none.complete);
    EXPECT_EQ(rig.cursors.letter_count("a"), 9u);
    std::size_t calls = rig.peer()->calls();
    std::jthread healer([&] {
        while (rig.peer()->calls() < calls + 3) std::this_thread::yield();
        failing_for_a_while = false;
    });
    EXPECT_EQ(redeliver().settled, 9u);
    expect_ledger(rig.status("a"));
}

TEST_F(DeadLetters, ABatchThatHasBegunIsNotCutByTheDeadline) {
    start();
    rejecting = false;
    rig.peer()->close_gate();
    const Deadline soon = Deadline::after(std::chrono::milliseconds(10));
    Result<DeadLetterOutcome> redelivered = make_error(Errc::cancelled, "not run");
    std::jthread other([&] {
        boost::asio::io_context io;
        redelivered = run_for_test(io, rig.engine().redeliver("a", {}, soon));
    });
    rig.peer()->wait_at_gate();
    EXPECT_GT(rig.peer()->latest_deadline().at(), soon.at()) << "it has all of deliver_timeout";
    while (!soon.passed()) std::this_thread::yield();
    rig.peer()->open_gate();
    other.join();
    EXPECT_GT(redelivered->settled, 0u) << "what was accepted counts";
    EXPECT_EQ(redelivered->settled + redelivered->left, 9u);
    EXPECT_EQ(rig.cursors.letter_count("a"), redelivered->left);
    expect_ledger(rig.status("a"));
}

TEST_F(DeadLetters, WhatMayArriveTwiceWhenSentAgainIsCounted) {
    start();
    rejecting = false;
    EXPECT_EQ(rig.status("a").stats.duplicates_possible, 0u);
    unclear = 1;
    EXPECT_EQ(redeliver().settled, 9u);
    EXPECT_EQ(rig.status("a").stats.duplicates_possible, 1u);
    EXPECT_EQ(rig.cursors.cursor("a").ledger.duplicates_possible, 1u);
}

TEST_F(DeadLetters, ADiscardThatAChangeOfSettingsOvertakesTellsWhatItThrewAway) {
    // They outlive the shards, whose threads let go of them a moment after a call has completed.
    boost::asio::io_context of_discard;
    boost::asio::io_context of_replace;
    rig.cursors.most_on_a_page = 1;
    start();
    rig.cursors.hold_commits(true);
    Result<DeadLetterOutcome> discarded = make_error(Errc::cancelled, "not run");
    std::jthread discarding([&] { discarded = run_for_test(of_discard, rig.engine().discard("a", {})); });
    // Each letter is a page of its own here, so there is much left to do when the settings change.
    rig.cursors.wait_for_held_commit();
    Result<void> replaced = make_error(Errc::cancelled, "not run");
    std::jthread replacing([&] { replaced = run_for_test(of_replace, rig.engine().replace(rig.config("a"))); });
    for (int i = 0; i < 50; ++i) (void)rig.status("a");  // by then the change waits for the store, too
    rig.cursors.hold_commits(false);
    discarding.join();
    replacing.join();
    EXPECT_TRUE(replaced);
    ASSERT_TRUE(discarded);
    EXPECT_EQ(rig.cursors.letter_count("a"), 9u - discarded->settled) << "what it says it threw away is gone";
    EXPECT_EQ(discarded->complete, discarded->settled == 9u);
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.stats.discarded, discarded->settled);
    expect_ledger(status);
    rig.stop();
}

TEST_F(DeadLetters, AreDiscardedByFilterAndCountedSo) {
    start();
    EXPECT_EQ(rig.run(rig.engine().discard("a", {.error_class = ErrorClass::rejected}))->settled, 6u);
    EXPECT_THAT(found({}), ElementsAre(5, 25, 45));
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.stats.discarded, 6u);
    EXPECT_EQ(status.stats.dead_lettered, 3u);
    expect_ledger(status);
}

TEST_F(DeadLetters, AreDealtWithByOneAtATime) {
    start();
    rejecting = false;
    rig.peer()->close_gate();
    Result<DeadLetterOutcome> redelivered = make_error(Errc::cancelled, "not run");
    std::jthread other([&] {
        boost::asio::io_context io;
        redelivered = run_for_test(io, rig.engine().redeliver("a", {}, Deadline::never()));
    });
    rig.peer()->wait_at_gate();
    EXPECT_EQ(rig.run(rig.engine().discard("a", {})).error().code, Errc::conflict);
    EXPECT_EQ(rig.run(rig.engine().redeliver("a", {}, Deadline::never())).error().code, Errc::conflict);
    rig.peer()->open_gate();
    other.join();
    EXPECT_EQ(redelivered->settled, 9u);
    expect_ledger(rig.status("a"));
}

TEST_F(DeadLetters, AStoreThatRefusesADiscardCountsNothingTwice) {
    start();
    rig.cursors.refuse(true);
    EXPECT_FALSE(rig.run(rig.engine().discard("a", {})));
    EXPECT_FALSE(rig.run(rig.engine().discard("a", {})));
    rig.cursors.refuse(false);
    ASSERT_TRUE(rig.run(rig.engine().discard("a", {})));
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.stats.discarded, 9u);
    EXPECT_EQ(status.stats.dead_lettered, 0u);
    expect_ledger(status);
    EXPECT_EQ(rig.cursors.cursor("a").ledger.discarded, 9u);
    EXPECT_EQ(rig.cursors.letter_count("a"), 0u);
}

/// What is sent has more bytes than what is kept of it: both must not be mixed up in what the bound is compared with.
TEST(DeadLetterBound, WhatWasDealtWithLeavesNothingBehindInTheBound) {
    DeliveryRig rig;
    rig.options.max_dead_letter_bytes = 16 << 10;
    std::atomic<bool> rejecting{true};
    rig.peer()->set_script([&](std::span<const Message> messages) {
        Verdict verdict = rejecting ? Verdict::rejected(why(ErrorClass::rejected, "E3")) : Verdict::accepted();
        return std::vector<Verdict>(messages.size(), verdict);
    });
    rig.start();
    IntegrationConfig config = rig.config("a");
    config.payload = PayloadForm::cloudevents;
    ASSERT_TRUE(rig.add(config));
    for (int round = 1; round <= 20; ++round) {
        rejecting = true;
        rig.append(4, object_of, "io.acme.desk", 1000);
        while (rig.status("a").stats.dead_lettered < 4)
            ASSERT_NE(rig.status("a").state, IntegrationState::blocked) << "round " << round;
        rejecting = false;
        bool thrown_away = round % 2 == 0;
        DeadLetterOutcome outcome = thrown_away ? rig.run(rig.engine().discard("a", {})).value()
                                                : rig.run(rig.engine().redeliver("a", {}, Deadline::never())).value();
        ASSERT_EQ(outcome.settled, 4u);
        ASSERT_EQ(rig.status("a").state, IntegrationState::running) << "round " << round;
    }
    expect_ledger(rig.status("a"));
}

/// More letters than are read at a time, and than there is room to wait in (a side lane of 16 KiB); then a few of
/// another key.
class ManyDeadLetters : public testing::Test {
  protected:
    ~ManyDeadLetters() override { rig.stop(); }
    void start(const std::function<std::string(std::size_t)>& id_of) {
        rig.options.memory_per_integration = 8 * (16 << 10);
        rig.peer()->set_script([this](std::span<const Message> messages) {
            std::vector<Verdict> verdicts;
            for (const Message& message : messages) verdicts.push_back(judge(message));
            return verdicts;
        });
        rig.start();
        ASSERT_TRUE(rig.add(rig.config("a")));
        rig.append(kWaiting, id_of, "io.acme.desk", 1000);
        rig.append(5, [](std::size_t) { return "z"; });
        rig.cursors.wait_for_settled("a", kWaiting + 5);
        rig.cursors.take_largest_page();
    }
    Verdict judge(const Message& message) const {
        if (rejecting) return Verdict::rejected(why(ErrorClass::rejected, "E3"));
        if (message.key == "z") return Verdict::accepted();
        if (rejecting_again) return Verdict::rejected(why(ErrorClass::rejected, "E3"));
        if (failing) return Verdict::retry(why(failing_as, "E9"));
        return Verdict::accepted();
    }
    DeadLetterOutcome redeliver() {
        const Deadline hung = Deadline::after(std::chrono::seconds(20));
        return rig.run(rig.engine().redeliver("a", {}, hung)).value();
    }
    void expect_order() {
        std::map<std::string, Sequence> latest;
        for (const ScriptedPeer::Stored& stored : rig.peer()->stored()) {
            EXPECT_LT(latest[stored.key], stored.sequence) << stored.key;
            latest[stored.key] = stored.sequence;
        }
    }

    static constexpr std::size_t kWaiting = 600;
    DeliveryRig rig;
    std::atomic<bool> rejecting{true};
    std::atomic<bool> rejecting_again{false};
    std::atomic<bool> failing{false};
    std::atomic<ErrorClass> failing_as{ErrorClass::transient};
};

TEST_F(ManyDeadLetters, OthersAreRedeliveredPastThoseThatWaitBehindARefusedOne) {
    start([](std::size_t) { return "a"; });
    rejecting = false;
    rejecting_again = true;
    IntegrationConfig config = rig.config("a");
    config.on_dead_letter = OnDeadLetter::hold_key;
    ASSERT_TRUE(rig.run(rig.engine().replace(config)));
    std::size_t calls = rig.peer()->calls();
    DeadLetterOutcome outcome = redeliver();
    EXPECT_EQ(outcome.settled, 5u);
    EXPECT_EQ(outcome.left, kWaiting);
    EXPECT_TRUE(outcome.complete) << "no letter of it can be sent before the refused one";
    EXPECT_LE(rig.peer()->calls() - calls, 6u) << "the refused one was sent once, none behind it";
    rejecting_again = false;
    EXPECT_EQ(redeliver().settled, kWaiting);
    expect_order();
    expect_ledger(rig.status("a"));
}

TEST_F(ManyDeadLetters, OthersAreRedeliveredPastAMissingTargetsAndThoseWhenItIsThere) {
    rig.peer()->target = [](const Event& event) { return event->id == "z" ? "there" : "missing"; };
    rig.peer()->limits.one_target_per_batch = true;
    start(object_of);
    rejecting = false;
    failing = true;
    failing_as = ErrorClass::missing_target;
    std::jthread healer([this] {
        rig.peer()->wait_for_count(5);
        failing = false;
    });
    DeadLetterOutcome outcome = redeliver();
    EXPECT_EQ(outcome.settled, kWaiting + 5);
    EXPECT_EQ(outcome.left, 0u);
    EXPECT_TRUE(outcome.complete);
    std::vector<ScriptedPeer::Stored> stored = rig.peer()->stored();
    ASSERT_EQ(stored.size(), kWaiting + 5) << "none twice";
    EXPECT_EQ(stored.front().target, "there");
    expect_order();
    expect_ledger(rig.status("a"));
}

TEST_F(ManyDeadLetters, AreReadAsThereIsRoomForThem) {
    start(object_of);
    rejecting = false;
    EXPECT_EQ(redeliver().settled, kWaiting + 5);
    std::size_t largest = rig.cursors.take_largest_page();
    EXPECT_GT(largest, 0u);
    EXPECT_LE(largest, (16u << 10) + 1300) << "the room there is, and the letter that fills it";
}

TEST(DeadLetterList, EndsWhereItIsLargeAndSaysWhereToGoOn) {
    DeliveryRig rig;
    rig.peer()->set_script([](std::span<const Message> messages) {
        return std::vector<Verdict>(messages.size(), Verdict::rejected(why(ErrorClass::rejected, "E3")));
    });
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    for (int i = 0; i < 20; ++i) rig.append(1, object_of, "io.acme.desk", 1'000'000);
    rig.cursors.wait_for_settled("a", 20);
    for (const DeadLetterFilter& filter : {DeadLetterFilter{}, DeadLetterFilter{.code = "E3"}}) {
        std::vector<std::size_t> pages;
        std::optional<LogPosition> after = LogPosition{};
        while (after) {
            DeadLetterPage page = rig.run(rig.engine().dead_letters("a", filter, *after, 1000)).value();
            pages.push_back(page.items.size());
            after = page.next;
        }
        EXPECT_THAT(pages, ElementsAre(9, 9, 2));
    }
}

/// What waits behind a dead letter waits for where the letter would go now.
TEST(HeldKeys, StayHeldWhenTheirTargetHasAnotherName) {
    DeliveryRig rig;
    rig.peer("old")->set_script([](std::span<const Message> messages) {
        return std::vector<Verdict>(messages.size(), Verdict::rejected(why(ErrorClass::rejected, "E3")));
    });
    rig.peer("new")->target = [](const Event&) { return "renamed"; };
    rig.start();
    IntegrationConfig config = rig.config("a", "old");
    config.on_dead_letter = OnDeadLetter::hold_key;
    ASSERT_TRUE(rig.add(config));
    rig.append(1, object_of);
    rig.cursors.wait_for_settled("a", 1);
    rig.append(1, object_of);
    config.destination["peer"] = "new";
    ASSERT_TRUE(rig.run(rig.engine().replace(config)));
    rig.append(2, object_of);  // o0 and o1
    rig.peer("new")->wait_for_count(1);
    EXPECT_THAT(rig.peer("new")->sequences(), ElementsAre(4));
    EXPECT_EQ(rig.run(rig.engine().redeliver("a", {}, Deadline::never()))->settled, 1u);
    rig.peer("new")->wait_for_count(4);
    EXPECT_THAT(rig.peer("new")->sequences(), ElementsAre(4, 1, 2, 3));
}

TEST(HeldKeys, AreReleasedAllAtOnceAndThoseWithALetterLeftStay) {
    DeliveryRig rig;
    std::atomic<bool> rejecting{true};
    rig.peer()->set_script([&](std::span<const Message> messages) {
        Verdict verdict = rejecting ? Verdict::rejected(why(ErrorClass::rejected, "E3")) : Verdict::accepted();
        return std::vector<Verdict>(messages.size(), verdict);
    });
    rig.start();
    IntegrationConfig config = rig.config("a");
    config.on_dead_letter = OnDeadLetter::hold_key;
    ASSERT_TRUE(rig.add(config));
    rig.append(20, object_of);
    rig.cursors.wait_for_settled("a", 20);
    rejecting = false;
    rig.append(20, object_of);
    EXPECT_EQ(rig.run(rig.engine().discard("a", DeadLetterFilter::at({{0, 3}, {0, 5}, {0, 7}})))->settled, 3u);
    rig.peer()->wait_for_count(3);
    EXPECT_THAT(rig.peer()->sequences(), testing::UnorderedElementsAre(23, 25, 27));
    EXPECT_EQ(rig.status("a").reason, "17 keys wait behind a dead letter: redeliver or discard it");
    EXPECT_EQ(rig.run(rig.engine().discard("a", {}))->settled, 17u);
    rig.peer()->wait_for_count(20);
    EXPECT_EQ(rig.status("a").reason, "");
    expect_ledger(rig.status("a"));
}

TEST(DeadLetterBound, ReachedItBlocksAndDropsNothingUntilThereIsRoom) {
    DeliveryRig rig;
    rig.options.max_dead_letters = 2;
    rig.peer()->set_script([](std::span<const Message> messages) {
        std::vector<Verdict> verdicts;
        for (const Message& message : messages)
            verdicts.push_back(message.key == "o3" ? Verdict::rejected(why(ErrorClass::rejected, "E3"))
                                                   : Verdict::accepted());
        return verdicts;
    });
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.append(100, object_of);  // five of o3
    while (rig.status("a").state != IntegrationState::blocked) std::this_thread::yield();
    EXPECT_EQ(rig.status("a").reason, "no room for more dead letters: redeliver or discard some");
    rig.cursors.wait_for("a", [](const Cursor& cursor) { return cursor.ledger.dead_lettered == 2; });
    EXPECT_EQ(rig.run(rig.engine().discard("a", {}))->settled, 2u);
    rig.cursors.wait_for("a", [](const Cursor& cursor) { return cursor.ledger.dead_lettered == 2; });
    EXPECT_EQ(rig.run(rig.engine().discard("a", {}))->settled, 2u);
    rig.cursors.wait_for_settled("a", 100);
    IntegrationStatus status = rig.status("a");
    EXPECT_EQ(status.stats.delivered, 95u);
    EXPECT_EQ(status.stats.discarded, 4u);
    EXPECT_EQ(status.stats.dead_lettered, 1u);
    expect_ledger(status);
}

}  // namespace
}  // namespace sluice
