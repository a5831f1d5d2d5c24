// Which targets an integration has taken up is remembered with its cursor: over restarts and changed settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "delivery/delivery_test_kit.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// An integration whose events go to the target of their recType, case ignored.
class EngineTargets : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* name : {"p", "other"}) {
            rig.peer(name)->max_targets = 10;
            rig.peer(name)->target = [](const Event& event) { return std::string(event->rec_type); };
        }
        rig.start();
    }
    void begin() { ASSERT_TRUE(rig.add(rig.config("a"))); }
    void restart() {
        rig.stop();
        rig.start();
        begin();
    }
    /// Writes one event of this recType, of an object of its own.
    void write(const std::string& rec_type) {
        std::string id = "o" + std::to_string(++written);
        rig.append(
            1, [&](std::size_t) { return id; }, rec_type);
    }
    void write_and_wait(const std::string& rec_type) {
        std::uint64_t before = rig.status("a").stats.delivered;
        write(rec_type);
        rig.cursors.wait_for_settled("a", before + 1);
    }
    /// Writes to both: `refused` first, so that it has had its turn once the other has arrived.
    void write_both(const std::string& refused, const std::string& accepted) {
        write(refused);
        write_and_wait(accepted);
    }
    std::vector<std::string> arrived(const std::string& peer = "p") {
        std::vector<std::string> targets;
        for (const auto& one : rig.peer(peer)->stored()) targets.push_back(one.target);
        return targets;
    }
    TakenTargets kept() { return rig.cursors.taken_targets("a").value(); }

    DeliveryRig rig;
    std::size_t written = 0;
};

TEST_F(EngineTargets, OfManyThatRefuseAHundredAreToldAndHowManyMoreThereAre) {
    rig.peer()->max_targets = 0;
    rig.peer()->target = [](const Event& event) { return "t" + std::string(event->id); };
    rig.peer()->set_script([](std::span<const Message> messages) {
        auto why = std::make_shared<Failure>();
        why->error_class = ErrorClass::missing_target;
        why->target = messages.front().target;
        return std::vector<Verdict>(messages.size(), Verdict::retry(why));
    });
    begin();
    rig.append(150, [](std::size_t i) { return std::to_string(i); });
    while (rig.status("a").stats.targets_left_out < 50) {
    }
    EXPECT_EQ(rig.status("a").stats.targets.size(), 100u);
}

TEST_F(EngineTargets, TheFirstOfTwoThatClashStandsAfterARestart) {
    begin();
    write_and_wait("Doors");
    restart();
    write_both("doors", "Doors");
    EXPECT_THAT(arrived(), ElementsAre("Doors", "Doors"));
    EXPECT_EQ(rig.status("a").stats.targets.count("doors"), 1u) << "and is told as missing";
    EXPECT_EQ(kept(), (TakenTargets{"here", {"Doors"}}));
}

TEST_F(EngineTargets, TheFirstOfTwoThatClashStandsUnderNewSettings) {
    begin();
    write_and_wait("Doors");
    ASSERT_TRUE(rig.run(rig.engine().replace(rig.config("a", "other"))));
    write_both("doors", "Doors");
    EXPECT_THAT(arrived("other"), ElementsAre("Doors"));
}

TEST_F(EngineTargets, HowManyThereAreCountsOnAfterARestart) {
    rig.peer()->max_targets = 2;
    begin();
    write_and_wait("rooms");
    write_and_wait("Doors");
    restart();
    write_both("desks", "rooms");
    EXPECT_THAT(arrived(), ElementsAre("rooms", "Doors", "rooms"));
}

TEST_F(EngineTargets, AreKeptByTheCommitThatCountsWhatWasDeliveredToThem) {
    begin();
    write("Doors");
    rig.cursors.wait_for("a", [](const Cursor& cursor) { return cursor.ledger.delivered == 1; });
    EXPECT_EQ(kept(), (TakenTargets{"here", {"Doors"}}));
}

TEST_F(EngineTargets, AreWrittenOnceHoweverOftenTheCursorIs) {
    begin();
    for (int i = 0; i < 5; ++i) write_and_wait("Doors");
    write_and_wait("rooms");
    restart();
    for (int i = 0; i < 5; ++i) write_and_wait("Doors");
    EXPECT_EQ(kept(), (TakenTargets{"here", {"Doors", "rooms"}}));
    EXPECT_EQ(rig.cursors.targets_written(), 2u);
}

TEST_F(EngineTargets, ThatTheStoreRefusedGoWithTheNextCommit) {
    begin();
    write_and_wait("rooms");
    rig.cursors.refuse(true);
    write("Doors");
    rig.cursors.wait_for_refused_commit();
    rig.cursors.refuse(false);
    rig.cursors.wait_for_settled("a", 2);
    EXPECT_EQ(kept(), (TakenTargets{"here", {"rooms", "Doors"}}));
}

TEST_F(EngineTargets, BeginAnewAtAnotherPlace) {
    rig.peer("other")->place = "elsewhere";
    begin();
    write_and_wait("Doors");
    ASSERT_TRUE(rig.run(rig.engine().replace(rig.config("a", "other"))));
    write_and_wait("doors");
    EXPECT_THAT(arrived("other"), ElementsAre("doors"));
    EXPECT_EQ(kept(), (TakenTargets{"elsewhere", {"doors"}}));
}

TEST_F(EngineTargets, AreStillThereForWhoComesBackWithoutADeliveryElsewhere) {
    rig.peer("other")->place = "elsewhere";
    begin();
    write_and_wait("Doors");
    ASSERT_TRUE(rig.run(rig.engine().replace(rig.config("a", "other"))));
    ASSERT_TRUE(rig.run(rig.engine().replace(rig.config("a"))));
    write_both("doors", "Doors");
    EXPECT_THAT(arrived(), ElementsAre("Doors", "Doors"));
}

TEST_F(EngineTargets, GoWithAnIntegrationThatIsDeletedAndStayWithOneWhoseCursorIsKept) {
    begin();
    write_and_wait("Doors");
    ASSERT_TRUE(rig.run(rig.engine().remove("a", true)));
    EXPECT_EQ(kept(), (TakenTargets{"here", {"Doors"}}));
    begin();
    ASSERT_TRUE(rig.run(rig.engine().remove("a", false)));
    EXPECT_EQ(kept(), TakenTargets{});
    auto anew = rig.config("a");
    anew.start.kind = StartAt::Kind::now;
    ASSERT_TRUE(rig.add(anew));
    write("doors");
    rig.peer()->wait_for_count(2);
    EXPECT_THAT(arrived(), ElementsAre("Doors", "doors"));
}

TEST_F(EngineTargets, ThatNothingWasDeliveredToAreNotKept) {
    rig.peer()->set_script([](std::span<const Message> messages) {
        auto why = std::make_shared<Failure>();
        why->error_class = ErrorClass::missing_target;
        why->target = "Doors";
        bool refused = messages.front().target == "Doors";
        return std::vector<Verdict>(messages.size(), refused ? Verdict::retry(why) : Verdict::accepted());
    });
    begin();
    write_both("Doors", "rooms");
    EXPECT_THAT(kept().names, ElementsAre("rooms"));
}

TEST_F(EngineTargets, WhereSomethingMayHaveArrivedAreKept) {
    rig.peer()->set_script([](std::span<const Message> messages) {
        auto why = std::make_shared<Failure>();
        why->target = "Doors";
        bool unclear = messages.front().target == "Doors";
        return std::vector<Verdict>(messages.size(), unclear ? Verdict::retry(why, true) : Verdict::accepted());
    });
    begin();
    write_both("Doors", "rooms");
    EXPECT_THAT(kept().names, ElementsAre("Doors", "rooms"));
}

// What is sent beside the live events.

TEST_F(EngineTargets, ASampleTakesUpNone) {
    rig.peer()->max_targets = 1;
    begin();
    EXPECT_EQ(rig.run(rig.engine().send_sample("a", Deadline::never())).value(), std::nullopt);
    EXPECT_EQ(rig.run(rig.engine().send_sample(rig.config("draft"), Deadline::never())).value(), std::nullopt);
    write_and_wait("Doors");
    EXPECT_THAT(kept().names, ElementsAre("Doors"));
    EXPECT_EQ(rig.cursors.taken_targets("draft").value(), TakenTargets{});
}

TEST_F(EngineTargets, AReplayTakesUpNone) {
    rig.peer()->max_targets = 1;
    write("Doors");
    auto config = rig.config("a");
    config.start.kind = StartAt::Kind::now;
    ASSERT_TRUE(rig.add(config));
    ReplayRequest all;
    all.from = LogPosition{0, 1};
    ASSERT_TRUE(rig.run(rig.engine().replay("a", all)));
    rig.peer()->wait_for_count(1);
    write("doors");
    rig.cursors.wait_for_settled("a", 1);
    EXPECT_THAT(arrived(), ElementsAre("Doors", "doors"));
    EXPECT_THAT(kept().names, ElementsAre("doors"));
}

TEST_F(EngineTargets, ARedeliveredDeadLetterTakesUpItsOwn) {
    std::atomic<bool> refuses = true;
    rig.peer()->set_script([&refuses](std::span<const Message> messages) {
        auto why = std::make_shared<Failure>();
        why->error_class = ErrorClass::rejected;
        return std::vector<Verdict>(messages.size(), refuses ? Verdict::rejected(why) : Verdict::accepted());
    });
    begin();
    write("Doors");
    rig.cursors.wait_for_settled("a", 1);
    EXPECT_THAT(kept().names, IsEmpty());
    refuses = false;
    ASSERT_EQ(rig.run(rig.engine().redeliver("a", {}, Deadline::never())).value().settled, 1u);
    EXPECT_THAT(kept().names, ElementsAre("Doors"));
}

}  // namespace
}  // namespace sluice
