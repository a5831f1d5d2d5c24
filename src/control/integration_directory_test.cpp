// What an integration finds in the store under its id: what it left itself, never what another org's left there.
#include "control/integration_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/fake_clock.hpp"
#include "control/memory_control_store.hpp"
#include "control/record_kinds.hpp"
#include "control/replay_record.hpp"
#include "delivery/delivery_test_kit.hpp"

namespace sluice {
namespace {

using boost::json::object;
using testing::HasSubstr;

class IntegrationDirectoryTest : public testing::Test {
  protected:
    IntegrationDirectoryTest() {
        DestinationKind kind;
        kind.type = "scripted";
        kind.check = [this](const object&, const DestinationContext&) -> Result<void> {
            if (is_file_there) return {};
            return make_error(Errc::not_found, "destination.credentials.csv_file: there is no file /etc/acme.csv",
                              "Put it back");
        };
        kind.make = [](const object&, const DestinationContext&) -> Result<std::unique_ptr<Destination>> {
            return make_error(Errc::unsupported, "the engine has a registry of its own");
        };
        registry.add(std::move(kind));
        rejecting(true);
    }
    ~IntegrationDirectoryTest() override { stop(); }

    /// A node's life with these integrations in its file.
    void start(std::vector<object> file = {}) {
        rig.start();
        directory = std::make_unique<IntegrationDirectory>(
            IntegrationDirectory::Parts{rig.engine(), store, *sealed, rig.cursors, registry, blocking, clock}, false);
        auto loaded = rig.run(directory->load(std::move(file), as_it_is));
        ASSERT_TRUE(loaded) << loaded.error().message;
    }
    void stop() {
        rig.stop();
        directory.reset();
    }
    Result<IntegrationDirectory::Reloaded> reload(std::vector<object> file) {
        return rig.run(directory->reload(std::move(file), as_it_is));
    }
    Result<IntegrationDirectory::Item> create(const std::string& org, const std::string& id = "a") {
        object made = settings(org, id);
        return rig.run(directory->create(caller(org), std::move(made)));
    }
    /// Three events of com.acme that the destination rejects, now dead letters.
    void leave_dead_letters(const std::string& id = "a") {
        rig.append(3, object_of);
        rig.cursors.wait_for(id, [](const Cursor& cursor) { return cursor.ledger.dead_lettered == 3; });
    }
    void rejecting(bool rejects) {
        auto why = std::make_shared<Failure>();
        why->error_class = ErrorClass::rejected;
        auto verdict = rejects ? Verdict::rejected(std::move(why)) : Verdict::accepted();
        rig.peer()->set_script(
            [verdict](std::span<const Message> messages) { return std::vector<Verdict>(messages.size(), verdict); });
    }
    Result<IntegrationDirectory::Item> replace(const std::string& org, const std::string& id = "a") {
        IntegrationDirectory::SettingsChange wanted;
        wanted.settings = settings(org, id);
        wanted.force = true;
        return rig.run(directory->change(caller(org), id, std::move(wanted)));
    }
    std::size_t dead_letters(const std::string& org, const std::string& id = "a") {
        return rig.run(directory->dead_letters(caller(org), id, {}, {0, 0}, 100)).value().items.size();
    }
    IntegrationStatus status(const std::string& org, const std::string& id = "a") {
        return rig.run(directory->get(caller(org), id)).value().status;
    }
    std::optional<std::string> note(std::string_view kind, const std::string& id = "a") {
        return store.get(kind, id).value();
    }
    static Principal caller(const std::string& org) {
        Principal made;
        made.org = org;
        return made;
    }
    static object settings(const std::string& org, const std::string& id = "a") {
        object made = boost::json::parse(R"({"destination":{"type":"scripted","peer":"p"},"batch":{"max_wait":"1ms"}})")
                          .as_object();
        made["id"] = id;
        made["org"] = org;
        return made;
    }
    static Error as_it_is(const Error& error) { return error; }

    bool is_file_there = true;  ///< that its settings name
    DeliveryRig rig;
    FakeClock clock;
    MemoryControlStore store;
    std::unique_ptr<SealedRecords> sealed =
        SealedRecords::open(store, key_of_environment(Secret(std::string(64, 'a')))).value();
    DestinationRegistry registry;
    BlockingPool blocking{"changes", 1};
    std::unique_ptr<IntegrationDirectory> directory;
};

TEST_F(IntegrationDirectoryTest, AnotherOrgsNewIntegrationFindsNothingOfTheOneThatTheFileHadUnderItsId) {
    start({settings("com.acme")});
    leave_dead_letters();
    ASSERT_TRUE(rig.run(directory->pause(caller("com.acme"), "a", "for the weekend")));
    ASSERT_TRUE(store.put(kReplayKind, "a", replay_record({})));
    ASSERT_TRUE(store.put(kAlertToldKind, "a", "failing"));
    ASSERT_TRUE(reload({}));

    auto made = create("com.evil");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(dead_letters("com.evil"), 0u);
    EXPECT_EQ(status("com.evil").stats.dead_lettered, 0u);
    EXPECT_EQ(status("com.evil").state, IntegrationState::running);
    EXPECT_EQ(rig.cursors.letter_count("a"), 0u);
    for (auto kind : {kPausedKind, kReplayKind, kAlertToldKind, kGoneKind}) EXPECT_EQ(note(kind), std::nullopt) << kind;
}

TEST_F(IntegrationDirectoryTest, ATenantsIntegrationIsThereAgainAfterARestart) {
    start();
    ASSERT_TRUE(create("com.acme"));
    leave_dead_letters();
    stop();
    start();
    EXPECT_EQ(status("com.acme").stats.dead_lettered, 3u);
    EXPECT_EQ(rig.run(directory->get(caller("com.evil"), "a")).error().code, Errc::not_found);
}

TEST_F(IntegrationDirectoryTest, OneWhoseSettingsCanBeUsedNoMoreKeepsItsPlaceAndLetsTheOthersStart) {
    start();
    ASSERT_TRUE(create("com.acme"));
    ASSERT_TRUE(create("com.globex", "b"));
    leave_dead_letters();
    stop();

    is_file_there = false;
    start();  // asserts that the node starts
    rejecting(false);
    rig.append(2, object_of);
    auto seen = status("com.acme");
    EXPECT_EQ(seen.state, IntegrationState::blocked);
    EXPECT_THAT(seen.reason, HasSubstr("there is no file /etc/acme.csv"));
    EXPECT_EQ(seen.stats.dead_lettered, 3u) << "what it had is still its own";
    auto report = rig.run(directory->test(caller("com.acme"), "a", Deadline::never())).value();
    ASSERT_EQ(report.steps.size(), 1u);
    EXPECT_THAT(report.steps[0].detail, HasSubstr("there is no file /etc/acme.csv"));

    is_file_there = true;
    auto mended = replace("com.acme");
    ASSERT_TRUE(mended) << mended.error().message;
    rig.cursors.wait_for("a", [](const Cursor& cursor) { return cursor.ledger.delivered == 2; });
    EXPECT_EQ(status("com.acme").state, IntegrationState::running);
    EXPECT_EQ(status("com.acme").stats.dead_lettered, 3u);
}

TEST_F(IntegrationDirectoryTest, OneOfTheFileWhoseSettingsCannotBeUsedRefusesTheStart) {
    is_file_there = false;
    rig.start();
    directory = std::make_unique<IntegrationDirectory>(
        IntegrationDirectory::Parts{rig.engine(), store, *sealed, rig.cursors, registry, blocking, clock}, false);
    EXPECT_FALSE(rig.run(directory->load({settings("com.acme")}, as_it_is)));
}

TEST_F(IntegrationDirectoryTest, NothingIsMadeWhileWhatIsStoredUnderItsIdCannotBeErased) {
    start({settings("com.acme")});
    leave_dead_letters();
    ASSERT_TRUE(reload({}));

    rig.cursors.refuse(true);
    auto refused = create("com.evil");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::io);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("\"a\""), HasSubstr("the disk is full")));
    EXPECT_EQ(rig.run(directory->get(caller("com.evil"), "a")).error().code, Errc::not_found);
    EXPECT_TRUE(sealed->list(kIntegrationKind)->empty());
    EXPECT_EQ(rig.cursors.letter_count("a"), 3u);

    rig.cursors.refuse(false);
    ASSERT_TRUE(create("com.evil"));
    EXPECT_EQ(dead_letters("com.evil"), 0u);
}

TEST_F(IntegrationDirectoryTest, WhatSomebodyElseChangedIsNotDeleted) {
    start();
    auto made = create("com.acme");
    ASSERT_TRUE(made) << made.error().message;
    auto changed = replace("com.acme");
    ASSERT_TRUE(changed) << changed.error().message;
    auto late = rig.run(directory->erase(caller("com.acme"), "a", made->revision));
    EXPECT_EQ(late.error().code, Errc::conflict);
    EXPECT_TRUE(directory->revision(caller("com.acme"), "a"));
    EXPECT_TRUE(rig.run(directory->erase(caller("com.acme"), "a", changed->revision)));
}

TEST_F(IntegrationDirectoryTest, AnIdInUseKeepsWhatItHas) {
    start({settings("com.acme")});
    leave_dead_letters();
    EXPECT_EQ(create("com.evil").error().code, Errc::conflict);
    EXPECT_EQ(dead_letters("com.acme"), 3u);
}

TEST_F(IntegrationDirectoryTest, AnIntegrationOfTheFileThatComesBackGoesOnWhereItWas) {
    start({settings("com.acme")});
    leave_dead_letters();
    ASSERT_TRUE(reload({}));
    ASSERT_TRUE(reload({settings("com.acme")}));
    EXPECT_EQ(dead_letters("com.acme"), 3u);
    // Also over restarts.
    stop();
    start();
    stop();
    start({settings("com.acme")});
    EXPECT_EQ(dead_letters("com.acme"), 3u);
    EXPECT_EQ(status("com.acme").stats.dead_lettered, 3u);
}

TEST_F(IntegrationDirectoryTest, AnotherOrgsIntegrationThatTheFileHasUnderTheIdStartsAnew) {
    start({settings("com.acme")});
    leave_dead_letters();
    ASSERT_TRUE(rig.run(directory->pause(caller("com.acme"), "a", "for the weekend")));
    ASSERT_TRUE(reload({}));
    ASSERT_TRUE(reload({settings("com.evil")}));
    EXPECT_EQ(dead_letters("com.evil"), 0u);
    EXPECT_EQ(status("com.evil").state, IntegrationState::running);
}

TEST_F(IntegrationDirectoryTest, OneThatCannotBeResumedIsPausedAfterARestartToo) {
    rig.shard_count = 1;
    rejecting(false);
    start({settings("com.acme"), settings("com.acme", "b")});
    ASSERT_TRUE(rig.run(directory->pause(caller("com.acme"), "a", "for the weekend")));
    rig.cursors.refuse(true);
    rig.append(3, object_of);
    rig.cursors.wait_for_refused_commit();
    EXPECT_FALSE(rig.run(directory->resume(caller("com.acme"), "a")));
    EXPECT_EQ(status("com.acme").state, IntegrationState::paused);
    EXPECT_EQ(note(kPausedKind), "for the weekend");
    rig.cursors.refuse(false);
    ASSERT_TRUE(rig.run(directory->resume(caller("com.acme"), "a")));
    EXPECT_EQ(note(kPausedKind), std::nullopt);
}

TEST_F(IntegrationDirectoryTest, ItStartsAnewTooWhenTheFileChangedWhileTheNodeWasStopped) {
    start({settings("com.acme")});
    leave_dead_letters();
    ASSERT_TRUE(rig.run(directory->pause(caller("com.acme"), "a", "for the weekend")));
    stop();
    start();
    stop();
    start({settings("com.evil")});
    EXPECT_EQ(dead_letters("com.evil"), 0u);
    EXPECT_EQ(status("com.evil").state, IntegrationState::running);
    stop();
    start({settings("com.acme")});
    EXPECT_EQ(status("com.acme").stats.matched, 0u);
}

TEST_F(IntegrationDirectoryTest, OneWhoseOrgIsChangedInTheFileStartsAnew) {
    start({settings("com.acme"), settings("com.acme", "b")});
    leave_dead_letters();
    auto reloaded = reload({settings("com.evil"), settings("com.acme", "b")});
    ASSERT_TRUE(reloaded) << reloaded.error().message;
    EXPECT_EQ(dead_letters("com.evil"), 0u);
    EXPECT_EQ(rig.run(directory->get(caller("com.acme"), "a")).error().code, Errc::not_found);
    EXPECT_EQ(dead_letters("com.acme", "b"), 3u) << "the other one goes on";
}

TEST_F(IntegrationDirectoryTest, OneThatLeftTheFileUnderAnOlderVersionKeepsItsCursor) {
    start({settings("com.acme")});
    leave_dead_letters();
    ASSERT_TRUE(reload({}));
    ASSERT_TRUE(store.erase(kOwnerKind, "a"));  // an older version did not note whose it was
    ASSERT_TRUE(reload({settings("com.acme")}));
    EXPECT_EQ(dead_letters("com.acme"), 3u);
}

TEST_F(IntegrationDirectoryTest, NobodyInheritsFromAnIntegrationWhoseDeletionWasCutShort) {
    start();
    ASSERT_TRUE(create("com.acme"));
    leave_dead_letters();
    rig.cursors.refuse(true);
    EXPECT_EQ(rig.run(directory->erase(caller("com.acme"), "a")).error().code, Errc::io);
    rig.cursors.refuse(false);
    EXPECT_EQ(rig.cursors.letter_count("a"), 3u) << "as a crash in the middle of it leaves them";
    auto made = create("com.evil");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(dead_letters("com.evil"), 0u);
}

TEST_F(IntegrationDirectoryTest, TheFileInheritsNothingFromWhatWasMadeThroughTheApi) {
    start();
    ASSERT_TRUE(create("com.acme"));
    leave_dead_letters();
    rig.cursors.refuse(true);
    EXPECT_FALSE(rig.run(directory->erase(caller("com.acme"), "a")));
    rig.cursors.refuse(false);
    auto reloaded = reload({settings("com.acme")});
    ASSERT_TRUE(reloaded) << reloaded.error().message;
    EXPECT_EQ(dead_letters("com.acme"), 0u) << "it was deleted";
}

TEST_F(IntegrationDirectoryTest, ADeletionThatWasCutShortIsCompletedAtTheNextStart) {
    start();
    ASSERT_TRUE(create("com.acme"));
    leave_dead_letters();
    rig.cursors.refuse(true);
    EXPECT_FALSE(rig.run(directory->erase(caller("com.acme"), "a")));
    rig.cursors.refuse(false);
    stop();
    start();
    EXPECT_FALSE(rig.cursors.knows("a"));
    EXPECT_EQ(rig.cursors.letter_count("a"), 0u);
    EXPECT_EQ(note(kOwnerKind), std::nullopt);
}

TEST_F(IntegrationDirectoryTest, WhatIsLeftUnderAnIdIsForgottenAfterSevenDays) {
    start({settings("com.acme")});
    leave_dead_letters();
    ASSERT_TRUE(rig.run(directory->pause(caller("com.acme"), "a", "for the weekend")));
    ASSERT_TRUE(reload({}));
    clock.advance(std::chrono::days(6));
    ASSERT_TRUE(rig.run(directory->forget_long_gone()));
    EXPECT_TRUE(rig.cursors.knows("a"));
    clock.advance(std::chrono::days(1));
    ASSERT_TRUE(rig.run(directory->forget_long_gone()));
    EXPECT_FALSE(rig.cursors.knows("a"));
    for (auto kind : {kPausedKind, kGoneKind, kOwnerKind}) EXPECT_EQ(note(kind), std::nullopt) << kind;
}

}  // namespace
}  // namespace sluice
