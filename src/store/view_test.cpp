#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/control_store.hpp"
#include "store/cursor_store.hpp"
#include "store/inspection.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

CursorStore::Commit commit_at(std::string integration, Sequence position, std::uint64_t delivered) {
    CursorStore::Commit commit;
    commit.integration = std::move(integration);
    commit.cursor.position.sequence = position;
    commit.cursor.ledger.delivered = delivered;
    return commit;
}

class ViewTest : public testing::Test {
  protected:
    void write(std::shared_ptr<Database> database, std::string integration, Sequence position) {
        auto cursors = CursorStore::open(database).value();
        std::vector<CursorStore::Commit> commits{commit_at(std::move(integration), position, position)};
        ASSERT_TRUE(cursors->commit(commits));
    }
    Sequence position_in(std::shared_ptr<Database> database, std::string_view integration) {
        auto cursors = CursorStore::open(std::move(database)).value();
        auto loaded = cursors->load(integration).value();
        return loaded.empty() ? 0 : loaded.front().position.sequence;
    }

    TemporaryFolder folder;
    const std::string from = folder.path("db");
    const std::string to = folder.path("copy");
};

TEST_F(ViewTest, SeesWhatAnOpenDatabaseHasCommittedWithoutASync) {
    auto live = Database::open(from).value();
    write(live, "a", 7);
    ControlStore::open(live).value()->put("kind", "name", "{}").value();
    auto view = Database::open_view(from);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_EQ(position_in(*view, "a"), 7u);
    EXPECT_EQ(ControlStore::open(*view).value()->get("kind", "name").value(), "{}");
    write(live, "a", 9);
    EXPECT_EQ(position_in(*view, "a"), 7u) << "a view stands still";
    EXPECT_EQ(position_in(Database::open_view(from).value(), "a"), 9u);
    EXPECT_FALSE(ControlStore::open(*view).value()->put("kind", "other", "{}")) << "a view is for reading";
    EXPECT_TRUE((*view)->verify_checksums());
}

TEST_F(ViewTest, SaysWhenThereIsNone) {
    EXPECT_EQ(Database::open_view(from).error().code, Errc::not_found);
}

TEST_F(ViewTest, ACopyHoldsAllRecordsAndGoesOnByItself) {
    auto live = Database::open(from).value();
    for (Sequence i = 1; i <= 50; ++i) write(live, "i" + std::to_string(i), i);
    std::uint64_t told = 0;
    ASSERT_TRUE(Database::open_view(from).value()->copy_to(to, [&](std::uint64_t records) { told = records; }));
    EXPECT_GT(told, 50u);
    auto copy = Database::open(to).value();
    for (Sequence i = 1; i <= 50; ++i) EXPECT_EQ(position_in(copy, "i" + std::to_string(i)), i);
    write(copy, "i1", 100);
    EXPECT_EQ(position_in(copy, "i1"), 100u);
    EXPECT_EQ(position_in(live, "i1"), 1u);
}

TEST_F(ViewTest, ACopyKnowsTheTargetsThatWereTakenUp) {
    auto live = Database::open(from).value();
    std::vector<CursorStore::Commit> commits{commit_at("a", 7, 7)};
    commits[0].new_targets = {"here", {"Doors", "rooms"}};
    ASSERT_TRUE(CursorStore::open(live).value()->commit(commits));
    ASSERT_TRUE(Database::open_view(from).value()->copy_to(to, nullptr));
    auto copy = Database::open(to).value();
    EXPECT_EQ(CursorStore::open(copy).value()->taken_targets("a").value(), commits[0].new_targets);
}

TEST_F(ViewTest, AnInspectionFindsTargetsThatAreGone) {
    auto live = Database::open(from).value();
    std::vector<CursorStore::Commit> commits{commit_at("a", 90, 7), commit_at("a", 90, 7)};
    commits[0].new_targets = {"here", {"Doors"}};
    commits[1].new_targets = {"here", {"rooms"}};
    commits[1].targets_before = 2;
    ASSERT_TRUE(CursorStore::open(live).value()->commit(commits));
    auto found = inspect_store(Database::open_view(from).value(), {.oldest = 1, .head = 100});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->problems.size(), 1u);
    EXPECT_THAT(found->problems[0].message, HasSubstr("targets"));
}

TEST_F(ViewTest, AnInspectionFindsCursorsAheadOfTheLog) {
    auto live = Database::open(from).value();
    write(live, "good", 90);
    write(live, "ahead", 120);
    write(live, "behind", 5);
    auto found = inspect_store(Database::open_view(from).value(), {.oldest = 50, .head = 100});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->integrations.size(), 3u);
    // The index has seen nothing, and the log's first events are gone.
    ASSERT_EQ(found->problems.size(), 2u);
    EXPECT_THAT(found->problems[0].message, HasSubstr("cannot be indexed any more"));
    EXPECT_THAT(found->problems[1].message, HasSubstr("integration ahead has settled event 120"));
    EXPECT_THAT(found->notes, testing::Contains(HasSubstr("integration behind stands at 5")));
}

TEST_F(ViewTest, AnInspectionOfAFittingStoreFindsNothing) {
    auto live = Database::open(from).value();
    write(live, "good", 90);
    auto found = inspect_store(Database::open_view(from).value(), {.oldest = 1, .head = 100});
    ASSERT_TRUE(found);
    EXPECT_THAT(found->problems, IsEmpty());
}

}  // namespace
}  // namespace sluice
