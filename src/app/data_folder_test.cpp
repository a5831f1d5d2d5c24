#include "app/data_folder.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/store_backup.hpp"
#include "app/store_check.hpp"
#include "app/store_restore.hpp"
#include "app/version.hpp"
#include "base/fake_clock.hpp"
#include "log/log_test_kit.hpp"
#include "store/control_store.hpp"
#include "store/cursor_store.hpp"
#include "store/database.hpp"
#include "store/object_index.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A data folder as the present format writes it, committed. A later version of Sluice must open it: should this test
// fail after a change, the change needs a new format and a way up from the old one. Made anew by
//   SLUICE_MAKE_GOLDEN=1 app_test --gtest_filter=GoldenDataFolder.*
// only when a new format is added, under its own name; the old ones stay.
const fs::path kGolden = fs::path(SLUICE_SOURCE_DIR) / "src/app/golden/data-format-1";
constexpr int kEvents = 40;

SegmentLogOptions small_segments(const std::string& folder) {
    SegmentLogOptions options;
    options.folder = folder;
    options.segment_bytes = 16 << 10;
    options.spare_segments = 0;
    return options;
}

/// Objects that the index keeps: it asks when they were made.
EventBatch golden_batch(int first, int count) {
    EventBatch batch;
    const std::string no_tags = encode_tags({});
    for (int i = first; i < first + count; ++i) {
        std::string id = "e" + std::to_string(i);
        std::string envelope =
            R"({"obj":{"id":")" + id + R"(","tstamp":1795000000000,"pad":")" + std::string(500, 'x') + R"("}})";
        EventView view;
        view.event_type = EventType::create;
        view.kept_as_object = true;
        view.org = "com.acme";
        view.rec_type = "io.acme.desk";
        view.id = id;
        view.source = "ShareService";
        view.tags = no_tags;
        view.envelope = envelope;
        view.obj = view.envelope.substr(7, envelope.size() - 8);
        batch.add(view);
    }
    return batch;
}

DeadLetter golden_letter() {
    DeadLetter letter;
    letter.position.sequence = 7;
    letter.error_class = "rejected";
    letter.code = "InvalidMessageContents";
    letter.message = "characters that are not carried";
    letter.target = "orders";
    letter.at = from_epoch_ms(1'795'000'000'123);
    letter.attempts = 3;
    letter.record = golden_batch(7, 1).body(0);
    letter.event_time = from_epoch_ms(1'795'000'000'000);
    return letter;
}

CursorStore::Commit golden_commit() {
    CursorStore::Commit commit;
    commit.integration = "acme-kinesis";
    commit.cursor.position.sequence = 20;
    commit.cursor.settled_beyond = {{22, 25}, {30, 30}};
    commit.cursor.ledger.delivered = 24;
    commit.cursor.ledger.dead_lettered = 1;
    commit.cursor.ledger.retries = 9;
    commit.cursor.ledger.bytes = 4096;
    commit.dead_letters = {golden_letter()};
    return commit;
}

void make_golden(const DataFolder& folder) {
    fs::create_directories(folder.path);
    FakeClock clock(from_epoch_ms(1'795'000'000'000));
    auto options = small_segments(folder.log());
    options.clock = &clock;
    auto log = SegmentLog::open(std::move(options)).value();
    for (int i = 1; i <= kEvents; i += 8) append_now(*log, golden_batch(i, 8)).value();
    mark_data_format(folder).value();
    auto database = Database::open(folder.database()).value();
    auto cursors = CursorStore::open(database).value();
    std::vector<CursorStore::Commit> commits{golden_commit()};
    cursors->commit(commits).value();
    ControlStore::open(database).value()->put("integration", "made", R"({"id":"made"})").value();
    auto index = ObjectIndex::open(database, *log, clock, {}).value();
    index->catch_up(nullptr).value();
    log->close();
    database->flush().value();
    database->copy_to(folder.path + "/flat", nullptr).value();
}

class GoldenDataFolder : public testing::Test {
  protected:
    TestFolder temporary;
    DataFolder folder{temporary.path() + "/data"};

    void SetUp() override {
        if (std::getenv("SLUICE_MAKE_GOLDEN") != nullptr) {
            make_golden(folder);
            fs::remove_all(kGolden);
            fs::create_directories(kGolden);
            fs::copy(folder.log(), kGolden / "log");
            fs::copy(folder.path + "/flat", kGolden / "db");
            fs::copy(folder.format(), kGolden / "format.json");
            for (const auto& file : fs::directory_iterator(kGolden / "db"))
                if (file.path().filename().string().starts_with("OPTIONS")) fs::remove(file.path());
            for (const char* name : {"log/LOCK", "db/LOCK", "db/LOG", "db/IDENTITY"}) fs::remove(kGolden / name);
            fs::remove_all(folder.path);
        }
        ASSERT_TRUE(fs::exists(kGolden / "format.json")) << kGolden;
        fs::copy(kGolden, folder.path, fs::copy_options::recursive);
    }
};

TEST_F(GoldenDataFolder, IsKnownAndSound) {
    ASSERT_TRUE(check_data_folder(folder));
    auto check = check_store(folder);
    ASSERT_TRUE(check) << check.error().message;
    EXPECT_TRUE(check->sound()) << check->problems.front().message;
    EXPECT_EQ(check->extent.head, Sequence(kEvents));
    EXPECT_EQ(check->store.objects, std::uint64_t(kEvents));
}

TEST_F(GoldenDataFolder, KeepsItsEventsObjectsCursorsAndRecords) {
    FakeClock clock(from_epoch_ms(1'795'000'060'000));
    auto options = small_segments(folder.log());
    options.clock = &clock;
    auto log = SegmentLog::open(std::move(options));
    ASSERT_TRUE(log) << log.error().message;
    auto events = read_all(**log);
    ASSERT_EQ(events.size(), std::size_t(kEvents));
    for (int i = 1; i <= kEvents; ++i) {
        EXPECT_EQ(events[static_cast<std::size_t>(i - 1)]->id, "e" + std::to_string(i));
        EXPECT_EQ(events[static_cast<std::size_t>(i - 1)].time(), from_epoch_ms(1'795'000'000'000));
    }
    EXPECT_EQ(append_now(**log, golden_batch(kEvents + 1, 1)).value().first, Sequence(kEvents + 1));

    auto database = Database::open(folder.database());
    ASSERT_TRUE(database) << database.error().message;
    auto cursors = CursorStore::open(*database).value();
    auto loaded = cursors->load("acme-kinesis");
    ASSERT_TRUE(loaded) << loaded.error().message;
    ASSERT_EQ(loaded->size(), 1u);
    EXPECT_EQ(loaded->front(), golden_commit().cursor);
    auto letters = cursors->dead_letters("acme-kinesis", {}, 10);
    ASSERT_TRUE(letters) << letters.error().message;
    ASSERT_EQ(letters->items.size(), 1u);
    EXPECT_EQ(letters->items.front(), golden_letter());
    EXPECT_EQ(cursors->taken_targets("acme-kinesis").value(), TakenTargets{}) << "made before targets were kept";
    EXPECT_EQ(ControlStore::open(*database).value()->get("integration", "made").value(), R"({"id":"made"})");

    auto index = ObjectIndex::open(*database, **log, clock, {}).value();
    EXPECT_EQ(index->watermark(0), Sequence(kEvents));
    ASSERT_TRUE(index->catch_up(nullptr));
    auto object = index->get({.org = "com.acme", .rec_type = "io.acme.desk", .id = "e17"});
    ASSERT_TRUE(object) << object.error().message;
    EXPECT_EQ(object->sequence(), 17u);
}

TEST_F(GoldenDataFolder, ABackupOfItHoldsTheSame) {
    auto backup = temporary.path() + "/backup";
    auto note = back_up(folder, backup, true);
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_EQ(note->oldest, 1u);
    EXPECT_EQ(note->head, Sequence(kEvents));
    EXPECT_FALSE(note->with_key) << "this folder has none";
    EXPECT_EQ(back_up(folder, backup, false).error().code, Errc::conflict) << "never over another";
    DataFolder restored{temporary.path() + "/restored/"};
    auto again = restore(backup, restored);
    ASSERT_TRUE(again) << again.error().message;
    auto check = check_store(restored);
    ASSERT_TRUE(check) << check.error().message;
    EXPECT_TRUE(check->sound());
    EXPECT_EQ(check->store.integrations.front().cursors.front(), golden_commit().cursor);
}

class DataFormat : public testing::Test {
  protected:
    void SetUp() override { fs::create_directories(folder.path); }
    Error refused(const std::string& text) {
        std::ofstream(folder.format()) << text;
        auto checked = check_data_folder(folder);
        return checked ? make_error(Errc::unavailable, "it was taken") : checked.error();
    }

    TestFolder temporary;
    DataFolder folder{temporary.path() + "/data"};
};

TEST_F(DataFormat, AFolderWithoutAFormatFileIsTaken) {
    EXPECT_TRUE(check_data_folder(folder));
}

TEST_F(DataFormat, IsWrittenOnceAndKept) {
    ASSERT_TRUE(mark_data_format(folder));
    EXPECT_TRUE(check_data_folder(folder));
    std::ofstream(folder.format()) << R"({"format":1,"written_by":"the first"})";
    ASSERT_TRUE(mark_data_format(folder));
    std::ifstream in(folder.format());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    EXPECT_THAT(text, HasSubstr("the first"));
}

TEST_F(DataFormat, ANewerOneIsRefusedWithBothVersions) {
    auto error = refused(R"({"format":2,"written_by":"9.1.0"})");
    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_THAT(error.message, HasSubstr("format 2"));
    EXPECT_THAT(error.message, HasSubstr("Sluice 9.1.0"));
    EXPECT_THAT(error.message, HasSubstr(kVersion));
    EXPECT_THAT(error.hint, HasSubstr("newer version"));
}

TEST_F(DataFormat, OneThatCannotBeReadIsRefused) {
    for (const char* text : {"", "1", "{}", "[]", R"({"format":"1"})", R"({"format":0})", R"({"format":1)"})
        EXPECT_EQ(refused(text).code, Errc::corrupt) << text;
}

}  // namespace
}  // namespace sluice::app
