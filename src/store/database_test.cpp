#include "store/database.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "store/control_store.hpp"
#include "store/cursor_store.hpp"
#include "store/full_disk.hpp"
#include "store/rocks_database.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

TEST(Database, MakesItsFolderAndOpensItAgain) {
    TemporaryFolder folder;
    ASSERT_TRUE(Database::open(folder.path("a/b/store")));
    ASSERT_TRUE(Database::open(folder.path("a/b/store")));
}

TEST(Database, SaysThatAnotherProcessHasIt) {
    TemporaryFolder folder;
    auto first = Database::open(folder.path("store"));
    ASSERT_TRUE(first);
    auto second = Database::open(folder.path("store"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_NE(second.error().message.find(folder.path("store") + " is in use by another process"), std::string::npos)
        << second.error().message;
}

TEST(Database, NamesAFolderThatCannotBeMade) {
    TemporaryFolder folder;
    std::ofstream(folder.path("file")) << "not a folder";
    auto opened = Database::open(folder.path("file/store"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::io);
    EXPECT_NE(opened.error().message.find(folder.path("file/store")), std::string::npos);
}

TEST(Database, RefusesAStoreOfANewerFormat) {
    TemporaryFolder folder;
    {
        auto database = RocksDatabase::open_in(folder.path("store"), rocksdb::Env::Default()).value();
        rocksdb::WriteBatch batch;
        batch.Put("format", "2");
        ASSERT_TRUE(database->write(batch, Durability::synced));
    }
    auto opened = Database::open(folder.path("store"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::unsupported);
    EXPECT_NE(opened.error().message.find("has format 2 and was written by a newer Sluice"), std::string::npos)
        << opened.error().message;
}

TEST(Database, RefusesAStoreWithPartsThatItDoesNotKnow) {
    TemporaryFolder folder;
    {
        auto database = RocksDatabase::open_in(folder.path("store"), rocksdb::Env::Default()).value();
        rocksdb::ColumnFamilyHandle* added = nullptr;
        ASSERT_TRUE(database->rocks().CreateColumnFamily({}, "of-the-future", &added).ok());
        ASSERT_TRUE(database->rocks().DestroyColumnFamilyHandle(added).ok());
    }
    auto opened = Database::open(folder.path("store"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::unsupported) << opened.error().message;
}

TEST(Database, CallsADamagedStoreDamaged) {
    TemporaryFolder folder;
    ASSERT_TRUE(Database::open(folder.path("store")));
    std::ofstream(folder.path("store/CURRENT")) << "MANIFEST-does-not-exist";
    auto opened = Database::open(folder.path("store"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::corrupt) << opened.error().message;
}

TEST(Database, CountsWhatItTakesOnDisk) {
    TemporaryFolder folder;
    auto database = Database::open(folder.path("store")).value();
    auto control = ControlStore::open(database).value();
    auto before = database->bytes_on_disk();
    ASSERT_TRUE(control->put("blob", "a", std::string(1 << 20, 'x')));
    EXPECT_GE(database->bytes_on_disk(), before + (1 << 20));
}

TEST(Database, FullDiskIsAnErrorAndWritingGoesOnWhenThereIsRoomAgain) {
    TemporaryFolder folder;
    auto disk = std::make_shared<FullDisk>();
    auto env = rocksdb::NewCompositeEnv(disk);
    std::shared_ptr<Database> database = RocksDatabase::open_in(folder.path("store"), env.get()).value();
    auto control = ControlStore::open(database).value();
    auto cursors = CursorStore::open(database).value();
    ASSERT_TRUE(control->put("token", "kept", "1"));

    disk->set_full(true);
    auto refused = control->put("token", "refused", "1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    EXPECT_NE(refused.error().message.find("disk is full"), std::string::npos) << refused.error().message;
    std::vector<CursorStore::Commit> commits(1);
    commits[0].integration = "acme";
    commits[0].cursor.position.sequence = 7;
    auto also_refused = cursors->commit(commits);
    ASSERT_FALSE(also_refused);
    EXPECT_EQ(also_refused.error().code, Errc::exhausted);
    EXPECT_EQ(control->get("token", "kept").value(), "1") << "reading goes on";

    disk->set_full(false);
    ASSERT_TRUE(cursors->commit(commits));
    ASSERT_TRUE(control->put("token", "after", "1"));
    ASSERT_TRUE(database->flush());

    control.reset();
    cursors.reset();
    database.reset();
    database = Database::open(folder.path("store")).value();
    EXPECT_EQ(CursorStore::open(database).value()->load("acme").value().at(0).position.sequence, 7u);
    EXPECT_EQ(ControlStore::open(database).value()->get("token", "after").value(), "1");
}

TEST(Database, SyncMakesWhatWasCommittedDurableAndWritesNoRecord) {
    TemporaryFolder folder;
    auto disk = std::make_shared<FullDisk>();
    auto env = rocksdb::NewCompositeEnv(disk);
    auto cursors = CursorStore::open(RocksDatabase::open_in(folder.path("store"), env.get()).value()).value();
    std::vector<CursorStore::Commit> commits(1);
    commits[0].integration = "acme";
    commits[0].cursor.position.sequence = 7;
    int before = disk->syncs();
    ASSERT_TRUE(cursors->commit(commits));
    EXPECT_EQ(disk->syncs(), before);
    ASSERT_TRUE(cursors->sync());
    EXPECT_EQ(disk->syncs(), before + 1);
    ASSERT_TRUE(cursors->sync());
    EXPECT_EQ(disk->syncs(), before + 2);

    cursors.reset();
    cursors = CursorStore::open(Database::open(folder.path("store")).value()).value();
    EXPECT_EQ(cursors->load("acme").value().at(0).position.sequence, 7u);
}

TEST(Database, AFullDiskIsAnErrorOfASyncToo) {
    TemporaryFolder folder;
    auto disk = std::make_shared<FullDisk>();
    auto env = rocksdb::NewCompositeEnv(disk);
    auto cursors = CursorStore::open(RocksDatabase::open_in(folder.path("store"), env.get()).value()).value();
    std::vector<CursorStore::Commit> commits(1);
    commits[0].integration = "acme";
    commits[0].cursor.position.sequence = 7;
    ASSERT_TRUE(cursors->commit(commits));
    disk->set_full(true);
    commits[0].cursor.position.sequence = 8;
    ASSERT_FALSE(cursors->commit(commits));
    for (int i = 0; i < 2; ++i) {  // RocksDB's own call would have ended the process here
        auto synced = cursors->sync();
        ASSERT_FALSE(synced);
        EXPECT_EQ(synced.error().code, Errc::exhausted) << synced.error().message;
    }
    disk->set_full(false);
    ASSERT_TRUE(cursors->sync());
    ASSERT_TRUE(cursors->commit(commits));
    ASSERT_TRUE(cursors->sync());
    cursors.reset();
    cursors = CursorStore::open(Database::open(folder.path("store")).value()).value();
    EXPECT_EQ(cursors->load("acme").value().at(0).position.sequence, 8u);
}

TEST(Database, IsClosedInOrderOnAFullDisk) {
    TemporaryFolder folder;
    auto disk = std::make_shared<FullDisk>();
    auto env = rocksdb::NewCompositeEnv(disk);
    auto control = ControlStore::open(RocksDatabase::open_in(folder.path("store"), env.get()).value()).value();
    ASSERT_TRUE(control->put("token", "kept", "1"));
    disk->set_full(true);
    ASSERT_FALSE(control->put("token", "refused", "1"));
    control.reset();

    auto refused = RocksDatabase::open_in(folder.path("store"), env.get());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    EXPECT_NE(refused.error().message.find("disk is full"), std::string::npos) << refused.error().message;

    disk->set_full(false);
    control = ControlStore::open(RocksDatabase::open_in(folder.path("store"), env.get()).value()).value();
    EXPECT_EQ(control->get("token", "kept").value(), "1");
}

TEST(Database, FullDiskWhileFlushingIsAnErrorAndLosesNothing) {
    TemporaryFolder folder;
    auto disk = std::make_shared<FullDisk>();
    auto env = rocksdb::NewCompositeEnv(disk);
    std::shared_ptr<Database> database = RocksDatabase::open_in(folder.path("store"), env.get()).value();
    auto control = ControlStore::open(database).value();
    ASSERT_TRUE(control->put("token", "a", "1"));
    disk->set_full(true);
    auto flushed = database->flush();
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().code, Errc::exhausted) << flushed.error().message;
    disk->set_full(false);
    ASSERT_TRUE(database->flush());
    EXPECT_EQ(control->get("token", "a").value(), "1");
}

}  // namespace
}  // namespace sluice
