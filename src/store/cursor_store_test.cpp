#include "store/cursor_store.hpp"

#include <gtest/gtest.h>

#include "store/cursor_codec.hpp"
#include "store/rocks_database.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

using Totals = CursorStore::DeadLetterTotals;

class CursorStoreTest : public ::testing::Test {
  protected:
    static CursorStore::Commit at(std::string integration, Sequence sequence, Partition partition = 0) {
        CursorStore::Commit commit;
        commit.integration = std::move(integration);
        commit.cursor.position = {partition, sequence};
        commit.cursor.ledger.delivered = sequence;
        return commit;
    }
    static DeadLetter letter(Sequence sequence, std::string record = "record", Partition partition = 0) {
        DeadLetter letter;
        letter.position = {partition, sequence};
        letter.error_class = "rejected";
        letter.record = std::move(record);
        return letter;
    }
    void commit(const CursorStore::Commit& one) { ASSERT_TRUE(store_->commit({&one, 1})); }
    std::vector<Sequence> letters(std::string_view integration) const {
        std::vector<Sequence> sequences;
        auto page = store_->dead_letters(integration, {}, 1000).value();
        for (const auto& item : page.items) sequences.push_back(item.position.sequence);
        return sequences;
    }
    static CursorStore::Commit taking(std::string integration, std::size_t before, std::vector<std::string> names,
                                      std::string place = "here") {
        CursorStore::Commit commit = at(std::move(integration), 9);
        commit.new_targets = {std::move(place), std::move(names)};
        commit.targets_before = before;
        return commit;
    }
    TakenTargets targets(std::string_view integration) const { return store_->taken_targets(integration).value(); }
    Totals totals(std::string_view integration) const { return store_->dead_letter_totals(integration).value(); }

    TemporaryFolder folder_;
    std::shared_ptr<Database> database_ = Database::open(folder_.path("store")).value();
    std::unique_ptr<CursorStore> store_ = CursorStore::open(database_).value();
};

using Sequences = std::vector<Sequence>;

TEST_F(CursorStoreTest, NewIntegrationHasNoCursor) {
    EXPECT_TRUE(store_->load("acme").value().empty());
}

TEST_F(CursorStoreTest, GivesBackTheCursorCommittedLast) {
    commit(at("acme", 5));
    auto later = at("acme", 9);
    later.cursor.settled_beyond = {{11, 20}};
    later.cursor.lost = {{1, 2}};
    commit(later);
    EXPECT_EQ(store_->load("acme").value(), std::vector{later.cursor});
}

TEST_F(CursorStoreTest, KeepsACursorAPartition) {
    std::vector commits{at("acme", 5, 0), at("acme", 9, 1), at("acme", 7, 256)};
    ASSERT_TRUE(store_->commit(commits));
    EXPECT_EQ(store_->load("acme").value(), (std::vector{commits[0].cursor, commits[1].cursor, commits[2].cursor}));
    EXPECT_EQ(store_->integrations().value(), std::vector<std::string>{"acme"});
}

TEST_F(CursorStoreTest, KeepsIntegrationsApartThoughOneNameBeginsAnother) {
    std::vector commits{at("a", 1), at("ab", 2), at("abc", 3)};
    commits[1].dead_letters = {letter(2)};
    ASSERT_TRUE(store_->commit(commits));
    ASSERT_TRUE(store_->erase("a"));
    EXPECT_EQ(store_->integrations().value(), (std::vector<std::string>{"ab", "abc"}));
    EXPECT_EQ(letters("ab"), Sequences{2});
    EXPECT_EQ(letters("abc"), Sequences{});
}

TEST_F(CursorStoreTest, KeepsDeadLettersWholeAndInTheLogsOrder) {
    auto one = at("acme", 400);
    one.dead_letters = {letter(300), letter(2), letter(256)};
    commit(one);
    auto page = store_->dead_letters("acme", {}, 10).value();
    EXPECT_EQ(page.items, (std::vector{one.dead_letters[1], one.dead_letters[2], one.dead_letters[0]}));
    EXPECT_EQ(page.next, std::nullopt);
}

TEST_F(CursorStoreTest, PagesThroughDeadLettersAcrossPartitions) {
    auto one = at("acme", 9);
    one.dead_letters = {letter(1), letter(2), letter(3), letter(1, "record", 1)};
    commit(one);
    auto first = store_->dead_letters("acme", {}, 3).value();
    ASSERT_EQ(first.items.size(), 3u);
    ASSERT_EQ(first.next, (LogPosition{0, 3}));
    auto second = store_->dead_letters("acme", *first.next, 3).value();
    ASSERT_EQ(second.items.size(), 1u);
    EXPECT_EQ(second.items[0].position, (LogPosition{1, 1}));
    EXPECT_EQ(second.next, std::nullopt);
}

TEST_F(CursorStoreTest, APageOfLargeDeadLettersStaysBounded) {
    auto one = at("acme", 9);
    for (Sequence i = 1; i <= 5; ++i) one.dead_letters.push_back(letter(i, std::string(3 << 20, 'x')));
    commit(one);
    auto page = store_->dead_letters("acme", {}, 1000).value();
    EXPECT_EQ(page.items.size(), 3u);
    EXPECT_EQ(page.next, (LogPosition{0, 3}));
}

TEST_F(CursorStoreTest, CountsDeadLettersAsTheyComeAndGo) {
    EXPECT_EQ(totals("acme"), Totals{});
    auto one = at("acme", 9);
    one.dead_letters = {letter(1), letter(2), letter(3, "a longer record")};
    commit(one);
    EXPECT_EQ(totals("acme").count, 3u);
    auto bytes = totals("acme").bytes;

    auto erased = at("acme", 9);
    erased.erased_dead_letters = {{0, 3}, {0, 77}};
    commit(erased);
    EXPECT_EQ(letters("acme"), (Sequences{1, 2}));
    EXPECT_EQ(totals("acme").count, 2u);
    EXPECT_LT(totals("acme").bytes, bytes);

    erased.erased_dead_letters = {{0, 1}, {0, 2}, {0, 2}};
    commit(erased);
    EXPECT_EQ(totals("acme"), Totals{});
}

TEST_F(CursorStoreTest, ADeadLetterThatIsReplacedCountsOnce) {
    auto one = at("acme", 9);
    one.dead_letters = {letter(1, "record"), letter(1, "another record")};
    commit(one);
    commit(one);
    EXPECT_EQ(totals("acme").count, 1u);
    EXPECT_EQ(store_->dead_letters("acme", {}, 9).value().items, std::vector{one.dead_letters[1]});

    // Redelivered and refused once more, in one commit.
    one.erased_dead_letters = {{0, 1}};
    commit(one);
    EXPECT_EQ(totals("acme").count, 1u);
}

TEST_F(CursorStoreTest, CountsAcrossCommitsOfOneBatch) {
    std::vector commits{at("acme", 9, 0), at("acme", 9, 1), at("other", 9)};
    commits[0].dead_letters = {letter(1)};
    commits[1].dead_letters = {letter(1, "record", 1)};
    commits[2].dead_letters = {letter(1)};
    ASSERT_TRUE(store_->commit(commits));
    EXPECT_EQ(totals("acme").count, 2u);
    EXPECT_EQ(totals("other").count, 1u);
}

using Names = std::vector<std::string>;

TEST_F(CursorStoreTest, AnIntegrationThatTookUpNoTargetHasNone) {
    commit(at("acme", 9));
    EXPECT_EQ(targets("acme"), TakenTargets{});
    EXPECT_EQ(targets("never heard of"), TakenTargets{});
}

TEST_F(CursorStoreTest, TargetsComeBackInTheOrderInWhichTheyWereTakenUp) {
    commit(taking("acme", 0, {"rooms", "Doors"}));
    commit(at("acme", 10));
    commit(taking("acme", 2, {"desks"}));
    commit(taking("acm", 0, {"others"}));
    EXPECT_EQ(targets("acme"), (TakenTargets{"here", {"rooms", "Doors", "desks"}}));
    Names many;
    for (int i = 3; i < 1000; ++i) many.push_back("number " + std::to_string(i));
    commit(taking("acme", 3, many));
    many.insert(many.begin(), {"rooms", "Doors", "desks"});
    EXPECT_EQ(targets("acme").names, many);
}

TEST_F(CursorStoreTest, TheFirstTargetOfAnotherPlaceTakesTheRoomOfThoseBefore) {
    commit(taking("acme", 0, {"rooms", "Doors", "desks"}));
    commit(taking("acme", 0, {"doors"}, "elsewhere"));
    EXPECT_EQ(targets("acme"), (TakenTargets{"elsewhere", {"doors"}}));
    commit(taking("acme", 1, {"rooms"}, "elsewhere"));
    EXPECT_EQ(targets("acme"), (TakenTargets{"elsewhere", {"doors", "rooms"}}));
}

TEST_F(CursorStoreTest, TargetsAreThereOnceTheirCursorIs) {
    std::vector commits{taking("acme", 0, {"Doors"}), at("", 1)};
    ASSERT_FALSE(store_->commit(commits));
    EXPECT_TRUE(store_->load("acme").value().empty());
    EXPECT_EQ(targets("acme"), TakenTargets{}) << "one batch: all of it or nothing";
    commit(commits[0]);
    auto crashed = CursorStore::open(Database::open(folder_.copy("store", "crashed")).value()).value();
    EXPECT_EQ(crashed->load("acme").value().size(), 1u);
    EXPECT_EQ(crashed->taken_targets("acme").value(), targets("acme"));
}

TEST_F(CursorStoreTest, ATargetThatIsGoneFromTheMiddleIsToldAndNotPassedOver) {
    commit(taking("acme", 0, {"rooms"}));
    commit(taking("acme", 2, {"desks"}));
    auto loaded = store_->taken_targets("acme");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Errc::corrupt);
    EXPECT_NE(loaded.error().message.find("acme"), std::string::npos);
}

TEST_F(CursorStoreTest, EraseForgetsCursorDeadLettersAndTargets) {
    auto one = taking("acme", 0, {"rooms", "Doors"});
    commit(taking("acm", 0, {"others"}));
    one.dead_letters = {letter(1)};
    commit(one);
    ASSERT_TRUE(store_->erase("acme"));
    EXPECT_TRUE(store_->load("acme").value().empty());
    EXPECT_EQ(letters("acme"), Sequences{});
    EXPECT_EQ(totals("acme"), Totals{});
    EXPECT_EQ(targets("acme"), TakenTargets{});
    EXPECT_EQ(targets("acm").names, Names{"others"});
    EXPECT_EQ(store_->integrations().value(), Names{"acm"});

    one.new_targets.names = {"doors"};
    commit(one);
    EXPECT_EQ(targets("acme").names, Names{"doors"});
    EXPECT_EQ(letters("acme"), Sequences{1}) << "the same id, made anew";
    EXPECT_EQ(totals("acme").count, 1u);
}

TEST_F(CursorStoreTest, ACrashOfTheProcessLosesNothing) {
    auto one = at("acme", 9);
    one.dead_letters = {letter(1)};
    commit(one);
    auto crashed = CursorStore::open(Database::open(folder_.copy("store", "crashed")).value()).value();
    EXPECT_EQ(crashed->load("acme").value(), std::vector{one.cursor});
    EXPECT_EQ(crashed->dead_letters("acme", {}, 9).value().items, one.dead_letters);
    EXPECT_EQ(crashed->dead_letter_totals("acme").value(), totals("acme"));
}

TEST_F(CursorStoreTest, SyncsAndReopens) {
    commit(at("acme", 9));
    ASSERT_TRUE(store_->sync());
    store_.reset();
    database_.reset();
    auto reopened = CursorStore::open(Database::open(folder_.path("store")).value()).value();
    EXPECT_EQ(reopened->load("acme").value().at(0).position.sequence, 9u);
}

TEST_F(CursorStoreTest, OneWhoseTotalsAreDamagedIsLeftOutAloneAndWhole) {
    auto one = at("acme", 5);
    one.dead_letters = {letter(1)};
    commit(one);
    auto& rocks = *RocksDatabase::of(database_);
    rocksdb::WriteBatch damage;
    damage.Put(rocks.cursors(), totals_key("acme"), "?");
    ASSERT_TRUE(rocks.write(damage, Durability::buffered));

    std::vector commits{at("first", 7), taking("acme", 0, {"rooms"}), at("last", 8)};
    for (auto& each : commits) each.dead_letters = {letter(6)};
    auto done = store_->commit(commits);
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(done->size(), 1u);
    EXPECT_EQ(done->front().index, 1u);
    EXPECT_EQ(done->front().error.code, Errc::corrupt);
    EXPECT_NE(done->front().error.message.find("acme"), std::string::npos);
    EXPECT_EQ(store_->load("first").value().at(0).position.sequence, 7u);
    EXPECT_EQ(store_->load("last").value().at(0).position.sequence, 8u);
    EXPECT_EQ(letters("last"), Sequences{6});
    EXPECT_EQ(totals("last").count, 1u);
    EXPECT_EQ(store_->load("acme").value().at(0).position.sequence, 5u);
    EXPECT_EQ(letters("acme"), Sequences{1});
    EXPECT_EQ(targets("acme"), TakenTargets{});

    ASSERT_TRUE(store_->erase("acme"));
    commit(commits[1]);
    EXPECT_EQ(letters("acme"), Sequences{6}) << "made anew it goes on";
}

TEST_F(CursorStoreTest, RefusesAnIdThatItCannotStore) {
    auto nameless = at("", 1);
    EXPECT_EQ(store_->commit({&nameless, 1}).error().code, Errc::invalid_argument);
    EXPECT_EQ(store_->load(std::string(256, 'a')).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace sluice
