#include "app/store_backup.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "control/key_source.hpp"
#include "control/record_kinds.hpp"
#include "control/sealed_records.hpp"
#include "log/log_test_kit.hpp"
#include "store/control_store.hpp"
#include "store/database.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StoreBackupWithKey : public testing::Test {
  protected:
    void SetUp() override {
        SegmentLogOptions options;
        options.folder = from.log();
        options.segment_bytes = 1 << 20;
        options.spare_segments = 0;
        SegmentLog::open(std::move(options)).value()->close();
        Database::open(from.database()).value()->flush().value();
        mark_data_format(from).value();
    }
    /// Sealed under the key in the data folder, which is made when there is none.
    void seal(std::string_view kind) {
        auto store = ControlStore::open(Database::open(from.database()).value()).value();
        auto records = SealedRecords::open(*store, key_file(from.secrets_key(), true)).value();
        records->put(kind, "a", "secret").value();
    }
    void rotate(bool keep_old) {
        auto store = ControlStore::open(Database::open(from.database()).value()).value();
        auto records = SealedRecords::open(*store, key_file(from.secrets_key(), true)).value();
        records->rotate(keep_old).value();
    }

    TestFolder temporary;
    const DataFolder from{temporary.path() + "/data"};
    const DataFolder backup{temporary.path() + "/backup"};
};

TEST_F(StoreBackupWithKey, HoldsTheKeysThatOpenItsSecrets) {
    for (auto kind : kSealedKinds) seal(kind);
    rotate(true);
    auto note = back_up(from, backup.path, true);
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_TRUE(note->with_key);
    auto store = ControlStore::open(Database::open_view(backup.database()).value()).value();
    auto records = SealedRecords::open(*store, key_file(backup.secrets_key(), false)).value();
    for (auto kind : kSealedKinds) EXPECT_EQ(records->list(kind).value().front().second, "secret");
    EXPECT_EQ(records->status()->keys.size(), 2u) << "older backups need the old one";
}

TEST_F(StoreBackupWithKey, FailsWhenTheKeyDoesNotOpenTheCopy) {
    for (auto kind : kSealedKinds) {
        fs::remove_all(backup.path);
        seal(kind);
        auto before = fs::path(temporary.path()) / "before";
        fs::copy_file(from.secrets_key(), before);
        // The copy is of before a rotation, and the key of after it.
        fs::remove(from.secrets_key());
        ASSERT_TRUE(key_file(from.secrets_key(), true)->read());
        auto refused = back_up(from, backup.path, true);
        ASSERT_FALSE(refused) << kind;
        EXPECT_EQ(refused.error().code, Errc::conflict);
        EXPECT_THAT(refused.error().message, HasSubstr("secrets.key"));
        EXPECT_THAT(refused.error().hint, HasSubstr("run it again"));
        EXPECT_FALSE(fs::exists(backup.backup_note()));
        EXPECT_FALSE(fs::exists(backup.secrets_key()));
        auto store = ControlStore::open(Database::open(from.database()).value()).value();
        store->erase(kind, "a").value();
        fs::rename(before, from.secrets_key());
    }
}

TEST_F(StoreBackupWithKey, FailsWhenThereIsAKeyThatCannotBeRead) {
    fs::create_directory(from.secrets_key());
    auto refused = back_up(from, backup.path, true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::io);
    EXPECT_FALSE(fs::exists(backup.backup_note()));
}

TEST_F(StoreBackupWithKey, SaysWhenTheKeyIsElsewhere) {
    auto note = back_up(from, backup.path, true);
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_FALSE(note->with_key);
}

}  // namespace
}  // namespace sluice::app
