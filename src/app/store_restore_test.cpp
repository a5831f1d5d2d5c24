#include "app/store_restore.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "app/store_backup.hpp"
#include "app/store_check.hpp"
#include "log/log_test_kit.hpp"
#include "store/database.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr Sequence kRestoredEvents = 20;

struct stat status_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status;
}

unsigned rights_of(const fs::path& path) {
    return status_of(path).st_mode & 07777;
}

std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class StoreRestore : public testing::Test {
  protected:
    void SetUp() override {
        // What most shells give: others may look, unless it is said that they may not.
        before_ = ::umask(022);
        DataFolder source{temporary.path() + "/source"};
        SegmentLogOptions options;
        options.folder = source.log();
        options.segment_bytes = 1 << 20;
        options.spare_segments = 0;
        auto log = SegmentLog::open(std::move(options)).value();
        for (Sequence i = 0; i < kRestoredEvents; ++i) {
            EventBatch batch;
            add_event(batch, {.id = "e" + std::to_string(i), .padding = 60'000});
            append_now(*log, std::move(batch)).value();
        }
        log->close();
        mark_data_format(source).value();
        Database::open(source.database()).value()->flush().value();
        std::ofstream(source.secrets_key()) << std::string(64, 'a') << "\n";
        back_up(source, backup, true).value();
    }
    void TearDown() override { ::umask(before_); }

    void expect_whole() {
        auto check = check_store(to);
        ASSERT_TRUE(check) << check.error().message;
        EXPECT_TRUE(check->sound());
        EXPECT_EQ(check->extent.head, kRestoredEvents);
        EXPECT_EQ(text_of(to.secrets_key()), std::string(64, 'a') + "\n");
        EXPECT_TRUE(fs::exists(to.format()));
    }

    /// As a crash left it that came when the first `moved` of what was made stood in their places.
    void interrupt(std::size_t moved) {
        ASSERT_TRUE(restore(backup, to));
        const std::vector<std::string> in_order{"db", "log", "secrets.key", "format.json"};
        ASSERT_LE(moved, in_order.size());
        fs::create_directory(to.restoring());
        fs::permissions(to.restoring(), fs::perms::owner_all);
        for (std::size_t i = moved; i < in_order.size(); ++i)
            fs::rename(to.path + "/" + in_order[i], to.restoring() + "/" + in_order[i]);
    }

    TestFolder temporary;
    const std::string backup = temporary.path() + "/backup";
    const DataFolder to{temporary.path() + "/to"};

  private:
    mode_t before_ = 0;
};

TEST_F(StoreRestore, OnlyItsOwnUserMayLookIntoWhatItMakes) {
    auto restored = restore(backup, {to.path + "/"});
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(rights_of(to.path), 0700u);
    for (const auto& entry : fs::recursive_directory_iterator(to.path))
        EXPECT_EQ(rights_of(entry.path()), entry.is_directory() ? 0700u : 0600u) << entry.path();
    expect_whole();
}

TEST_F(StoreRestore, AFolderThatIsThereStaysWhatItIs) {
    fs::create_directories(to.path);
    fs::permissions(to.path, fs::perms(0750));
    auto before = status_of(to.path);
    auto restored = restore(backup, to);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(status_of(to.path).st_ino, before.st_ino);
    EXPECT_EQ(rights_of(to.path), 0750u);
    for (const auto& entry : fs::recursive_directory_iterator(to.path))
        EXPECT_EQ(rights_of(entry.path()) & 077, 0u) << entry.path();
    expect_whole();
}

TEST_F(StoreRestore, WhatRootMakesIsTheFoldersOwners) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    fs::create_directories(to.path);
    fs::permissions(to.path, fs::perms::owner_all);
    ASSERT_EQ(::chown(to.path.c_str(), 12345, 23456), 0);
    auto restored = restore(backup, to);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(status_of(to.path).st_uid, 12345u);
    for (const auto& entry : fs::recursive_directory_iterator(to.path)) {
        EXPECT_EQ(status_of(entry.path()).st_uid, 12345u) << entry.path();
        EXPECT_EQ(status_of(entry.path()).st_gid, 23456u) << entry.path();
    }
    expect_whole();
}

TEST_F(StoreRestore, ABackupIsPrivateAlsoInAFolderThatIsNot) {
    const DataFolder again{temporary.path() + "/again"};
    fs::create_directories(again.path);
    ASSERT_TRUE(restore(backup, to));
    ASSERT_TRUE(back_up(to, again.path, true));
    EXPECT_EQ(rights_of(again.log()), 0700u);
    EXPECT_EQ(rights_of(again.database()), 0700u);
    EXPECT_EQ(rights_of(again.secrets_key()), 0600u);
}

TEST_F(StoreRestore, ADisksLostAndFoundIsNoContent) {
    fs::create_directories(to.path + "/lost+found");
    auto restored = restore(backup, to);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_TRUE(fs::exists(to.path + "/lost+found"));
    expect_whole();
}

TEST_F(StoreRestore, AFolderWithAnythingElseInItIsRefusedAndKept) {
    fs::create_directories(to.path);
    std::ofstream(to.path + "/mine") << "mine";
    EXPECT_EQ(restore(backup, to).error().code, Errc::conflict);
    EXPECT_THAT(names_in(to.path).value(), ElementsAre("mine"));
    fs::create_directory(to.restoring());
    EXPECT_EQ(restore(backup, to).error().code, Errc::conflict) << "a restore would not have begun here";
    EXPECT_THAT(names_in(to.path).value(), UnorderedElementsAre("mine", ".restoring"));
}

TEST_F(StoreRestore, InterruptedAnywhereItsFolderIsRefusedUntilAnotherHasFinished) {
    for (std::size_t moved = 0; moved <= 4; ++moved) {
        SCOPED_TRACE(moved);
        interrupt(moved);
        auto before = status_of(to.path);
        for (const auto& refused : {check_data_folder(to).error(), check_store(to).error(),
                                    back_up(to, temporary.path() + "/never", false).error()}) {
            EXPECT_EQ(refused.code, Errc::conflict) << refused.message;
            EXPECT_THAT(refused.hint, HasSubstr("sluice store restore"));
        }
        auto again = restore(backup, to);
        ASSERT_TRUE(again) << again.error().message;
        expect_whole();
        EXPECT_THAT(names_in(to.path).value(), UnorderedElementsAre("db", "log", "secrets.key", "format.json"));
        EXPECT_EQ(status_of(to.path).st_ino, before.st_ino);
        fs::remove_all(to.path);
    }
}

TEST_F(StoreRestore, WhatAnInterruptedCopyLeftIsOfNoUse) {
    fs::create_directories(to.path);
    fs::create_directories(to.restoring() + "/log");
    std::ofstream(to.restoring() + "/log/0000000001.segment") << "half";
    std::ofstream(to.restoring() + "/log/0000000009.segment") << "another backup's";
    auto restored = restore(backup, to);
    ASSERT_TRUE(restored) << restored.error().message;
    expect_whole();
}

TEST_F(StoreRestore, OneThatFailsLeavesTheFolderAsItWas) {
    fs::create_directories(to.path);
    auto handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = before;
    small.rlim_cur = 512 << 10;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    auto failed = restore(backup, to);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("make room for"));
    EXPECT_THAT(names_in(to.path).value(), IsEmpty());
    EXPECT_THAT(names_in(temporary.path()).value(), UnorderedElementsAre("source", "backup", "to"));
}

TEST_F(StoreRestore, TwoAtATimeAreOneTooMany) {
    fs::create_directories(to.restoring());
    auto held = system_log_files().lock(to.restoring(), LogFiles::LockMode::exclusive).value();
    auto refused = restore(backup, to).error();
    EXPECT_EQ(refused.code, Errc::conflict);
    EXPECT_THAT(refused.message, HasSubstr("under way"));
    EXPECT_THAT(names_in(to.path).value(), ElementsAre(".restoring"));
    held.reset();
    ASSERT_TRUE(restore(backup, to));
    expect_whole();
}

TEST_F(StoreRestore, TakesUpNoFolderThatAProcessHasOpen) {
    interrupt(4);
    auto held = system_log_files().lock(to.log(), LogFiles::LockMode::exclusive).value();
    EXPECT_EQ(restore(backup, to).error().code, Errc::conflict);
    EXPECT_TRUE(fs::exists(to.format()));
}

TEST_F(StoreRestore, NeverTakesAKeyAwayThatIsAnother) {
    interrupt(0);
    std::ofstream(to.secrets_key()) << std::string(64, 'b');
    auto refused = restore(backup, to).error();
    EXPECT_EQ(refused.code, Errc::conflict);
    EXPECT_THAT(refused.message, HasSubstr("secrets.key"));
    EXPECT_EQ(text_of(to.secrets_key()), std::string(64, 'b'));
}

TEST_F(StoreRestore, TheKeyMayBeThereBeforeTheRest) {
    fs::create_directories(to.path);
    std::ofstream(to.secrets_key()) << std::string(64, 'b');
    EXPECT_THAT(restore(backup, to).error().message, HasSubstr("secrets.key"));
    EXPECT_THAT(names_in(to.path).value(), ElementsAre("secrets.key"));
    std::ofstream(to.secrets_key()) << std::string(64, 'a') << "\n";
    auto restored = restore(backup, to);
    ASSERT_TRUE(restored) << restored.error().message;
    expect_whole();
}

TEST_F(StoreRestore, DoesNotFollowWhatSomebodyElsePutInItsWay) {
    fs::create_directories(to.path);
    fs::create_directories(temporary.path() + "/elsewhere/log");
    fs::create_directory_symlink(temporary.path() + "/elsewhere", to.restoring());
    EXPECT_EQ(restore(backup, to).error().code, Errc::conflict);
    EXPECT_TRUE(fs::exists(temporary.path() + "/elsewhere/log"));
    fs::remove(to.restoring());
    if (::geteuid() != 0) return;  // only root can give files away
    fs::create_directory(to.restoring());
    ASSERT_EQ(::chown(to.restoring().c_str(), 12345, 23456), 0);
    auto refused = restore(backup, to).error();
    EXPECT_EQ(refused.code, Errc::conflict);
    EXPECT_THAT(refused.message, HasSubstr("another user"));
}

TEST_F(StoreRestore, ABackupThatLostItsKeyIsNotWhole) {
    fs::remove(backup + "/secrets.key");
    EXPECT_EQ(restore(backup, to).error().code, Errc::corrupt);
    EXPECT_FALSE(fs::exists(to.path)) << "looked at before anything is made";
}

}  // namespace
}  // namespace sluice::app
