#include "store/object_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/fake_clock.hpp"
#include "store/fake_event_log.hpp"
#include "store/full_disk.hpp"
#include "store/rocks_database.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Ids = std::vector<std::string>;

constexpr std::string_view kOrg = "com.acme";
constexpr std::string_view kRecType = "io.acme.room";

/// A write of an object, with what matters here; what it does not say is as in most tests.
struct Write {
    std::string id;
    EventType event = EventType::create;
    ObjectType type = ObjectType::objs;
    std::vector<std::string> tags;
    std::string data = "{}";
    bool kept = true;
    bool with_tstamp = true;
    std::string org{kOrg};
    std::string rec_type{kRecType};
    std::optional<IdempotencyMark> idempotency;
};

class ObjectIndexTest : public ::testing::Test {
  protected:
    void SetUp() override { start(); }

    void start(ObjectRetention retention = {}) {
        index_.reset();
        index_ = ObjectIndex::open(database_, log_, clock_, retention, [this](const ObjectIndex::Damage& damage) {
                     told_.push_back(damage.message);
                     damaged_events_ += damage.events;
                     damaged_objects_ += damage.objects;
                 }).value();
        target_ = index_.get();
        if (!listening_) {
            log_.add_commit_listener([this](std::shared_ptr<const CommittedBatch> batch) {
                if (target_) last_apply_ = target_->apply(*batch);
            });
            listening_ = true;
        }
        auto caught_up = index_->catch_up(nullptr);
        ASSERT_TRUE(caught_up) << caught_up.error().message;
    }
    /// Commits go on without reaching the index.
    void detach() { target_ = nullptr; }

    Event write(const Write& write) {
        if (write.event == EventType::create) created_[write.id] = to_epoch_ms(clock_.now());
        EventView view;
        std::string tags = encode_tags(write.tags);
        std::string tstamp = write.with_tstamp ? ",\"tstamp\":" + std::to_string(created_[write.id]) : std::string();
        std::string before_data = "{\"_id\":\"" + write.id + "\"" + tstamp + ",\"data\":";
        std::string obj = before_data + write.data + "}";
        std::string envelope = "{\"obj\":" + obj + "}";
        view.event_type = write.event;
        view.object_type = write.type;
        view.kept_as_object = write.kept;
        view.org = write.org;
        view.rec_type = write.rec_type;
        view.id = write.id;
        view.source = "ShareService";
        view.tags = tags;
        view.envelope = envelope;
        view.obj = view.envelope.substr(7, obj.size());
        view.data = view.obj.substr(before_data.size(), write.data.size());
        view.idempotency = write.idempotency;
        return log_.append_one(view);
    }
    Event create(std::string id, std::string data = "{}") {
        return write({.id = std::move(id), .data = std::move(data)});
    }
    Event update(std::string id, std::string data) {
        return write({.id = std::move(id), .event = EventType::update, .data = std::move(data)});
    }
    void remove(std::string id) { write({.id = std::move(id), .event = EventType::remove}); }

    Result<Event> get(std::string_view id, ObjectType type = ObjectType::objs) const {
        return index_->get({kOrg, type, kRecType, id});
    }
    std::string data_of(std::string_view id, ObjectType type = ObjectType::objs) const {
        auto event = get(id, type);
        return event ? std::string(event.value()->data) : to_string(event.error().code);
    }
    static ObjectIndex::ListQuery all() {
        ObjectIndex::ListQuery query;
        query.org = kOrg;
        query.rec_type = kRecType;
        return query;
    }
    Ids list(const ObjectIndex::ListQuery& query) {
        auto page = index_->list(query).value();
        total_ = page.total;
        Ids ids;
        for (const Event& event : page.events) ids.emplace_back(event->id);
        return ids;
    }

    TemporaryFolder folder_;
    FakeClock clock_;
    FakeEventLog log_{clock_};
    std::shared_ptr<Database> database_ = Database::open(folder_.path("store")).value();
    std::unique_ptr<ObjectIndex> index_;
    ObjectIndex* target_ = nullptr;
    Result<void> last_apply_;
    bool listening_ = false;
    std::vector<std::string> told_;  // of damage
    std::uint64_t damaged_events_ = 0;
    std::uint64_t damaged_objects_ = 0;
    std::map<std::string, std::int64_t> created_;
    std::uint64_t total_ = 0;
};

TEST_F(ObjectIndexTest, GivesTheLatestEventOfAnObject) {
    create("a", R"({"n":1})");
    create("b", R"({"n":2})");
    EXPECT_EQ(data_of("a"), R"({"n":1})");
    Event updated = update("a", R"({"n":3})");
    EXPECT_EQ(data_of("a"), R"({"n":3})");
    EXPECT_EQ(get("a").value().position(), updated.position());
    EXPECT_EQ(get("a").value().time(), updated.time());
    EXPECT_EQ(data_of("b"), R"({"n":2})");
}

TEST_F(ObjectIndexTest, KnowsNothingOfDeletedAndUnknownObjects) {
    create("a");
    remove("a");
    EXPECT_EQ(get("a").error().code, Errc::not_found);
    EXPECT_EQ(get("never").error().code, Errc::not_found);
    EXPECT_EQ(get(std::string(300, 'x')).error().code, Errc::not_found);
    EXPECT_EQ(list(all()), Ids{});
}

TEST_F(ObjectIndexTest, KeepsOrgsTypesAndStreamsApart) {
    write({.id = "a", .data = "1"});
    write({.id = "a", .data = "2", .org = "com.other"});
    write({.id = "a", .type = ObjectType::devices, .data = "3"});
    write({.id = "a", .data = "4", .rec_type = "io.acme.room.x"});
    EXPECT_EQ(data_of("a"), "1");
    EXPECT_EQ(data_of("a", ObjectType::devices), "3");
    EXPECT_EQ(list(all()), Ids{"a"});
    EXPECT_EQ(total_, 1u);
}

TEST_F(ObjectIndexTest, EventsNotKeptAsObjectsAreNotObjects) {
    write({.id = "a", .kept = false});
    EXPECT_EQ(get("a").error().code, Errc::not_found);
    EXPECT_EQ(index_->watermark(0), 1u);
}

TEST_F(ObjectIndexTest, ListsNewestFirstOrOldestFirst) {
    for (auto id : {"a1", "a2", "a3"}) create(id);
    EXPECT_EQ(list(all()), (Ids{"a3", "a2", "a1"}));
    auto query = all();
    query.newest_first = false;
    EXPECT_EQ(list(query), (Ids{"a1", "a2", "a3"}));
}

TEST_F(ObjectIndexTest, PagesAndCountsAllThatMatch) {
    for (int i = 0; i < 10; ++i) create("a" + std::to_string(i));
    auto query = all();
    query.offset = 3;
    query.limit = 4;
    EXPECT_EQ(list(query), (Ids{"a6", "a5", "a4", "a3"}));
    EXPECT_EQ(total_, 10u);
    query.offset = 8;
    EXPECT_EQ(list(query), (Ids{"a1", "a0"}));
    query.offset = 10;
    EXPECT_EQ(list(query), Ids{});
    EXPECT_EQ(total_, 10u);
    query.offset = 0;
    query.limit = 0;
    EXPECT_EQ(list(query), Ids{});
    EXPECT_EQ(total_, 10u);
}

TEST_F(ObjectIndexTest, TheNewestCanBeHadWithoutLookingAtAll) {
    for (auto id : {"a1", "a2", "a3"}) create(id);
    auto query = all();
    query.limit = 1;
    query.exact_total = false;
    EXPECT_EQ(list(query), Ids{"a3"});
    EXPECT_EQ(total_, 1u);
}

TEST_F(ObjectIndexTest, APageOfTooManyBytesIsCutAndSaysSo) {
    for (auto id : {"a1", "a2", "a3"}) create(id);
    auto query = all();
    const auto whole = index_->list(query).value();
    EXPECT_FALSE(whole.cut);
    query.max_bytes = whole.events[0]->obj.size() + 1;
    const auto cut = index_->list(query).value();
    EXPECT_TRUE(cut.cut);
    EXPECT_EQ(cut.events.size(), 2u);
    EXPECT_EQ(cut.total, 3u);
    query.max_bytes = 1;
    EXPECT_EQ(index_->list(query).value().events.size(), 1u);
    query.limit = 1;
    EXPECT_FALSE(index_->list(query).value().cut);
}

TEST_F(ObjectIndexTest, FiltersByAllTags) {
    write({.id = "a", .tags = {"Dublin", "floor-1"}});
    write({.id = "b", .tags = {"Dublin"}});
    write({.id = "c"});
    auto query = all();
    query.tags = {"Dublin"};
    EXPECT_EQ(list(query), (Ids{"b", "a"}));
    query.tags = {"floor-1", "Dublin"};
    EXPECT_EQ(list(query), Ids{"a"});
    EXPECT_EQ(total_, 1u);
}

TEST_F(ObjectIndexTest, FiltersByCreationFromInclusiveToExclusive) {
    Timestamp start = clock_.now();
    for (auto id : {"a", "b", "c"}) {
        create(id);
        clock_.advance(1s);
    }
    auto query = all();
    query.from = start + 1s;
    EXPECT_EQ(list(query), (Ids{"c", "b"}));
    query.to = start + 2s;
    EXPECT_EQ(list(query), Ids{"b"});
    query.from = std::nullopt;
    EXPECT_EQ(list(query), (Ids{"b", "a"}));
}

TEST_F(ObjectIndexTest, AnUpdateKeepsTheCreationTime) {
    Timestamp start = clock_.now();
    create("a");
    write({.id = "b", .with_tstamp = false});
    clock_.advance(1h);
    update("a", "2");
    write({.id = "b", .event = EventType::update, .with_tstamp = false});
    auto query = all();
    query.to = start + 1s;
    EXPECT_EQ(list(query), (Ids{"b", "a"}));
}

TEST_F(ObjectIndexTest, ReadsOnlyWhatThePageShows) {
    for (int i = 0; i < 5; ++i) create("a" + std::to_string(i));
    auto query = all();
    query.limit = 0;
    log_.fail_reads(make_error(Errc::io, "the log was read"));
    EXPECT_EQ(list(query), Ids{});
    EXPECT_EQ(total_, 5u);
    query.limit = 1;
    EXPECT_EQ(index_->list(query).error().code, Errc::io);
}

TEST_F(ObjectIndexTest, AnObjectIsGoneWhenItsRetentionIsOverAfterItsLastChange) {
    create("a");
    clock_.advance(6 * 24h);
    update("a", "2");
    clock_.advance(7 * 24h - 1ms);
    EXPECT_EQ(data_of("a"), "2");
    clock_.advance(1ms);
    EXPECT_EQ(get("a").error().code, Errc::not_found);
    EXPECT_EQ(list(all()), Ids{});
    EXPECT_EQ(total_, 0u);
}

TEST_F(ObjectIndexTest, ExpireRemovesWhatIsOverAndNothingElse) {
    for (int i = 0; i < 2500; ++i) create("a" + std::to_string(10'000 + i));
    clock_.advance(7 * 24h);
    create("b");
    write({.id = "d", .type = ObjectType::devices});
    int calls = 1;
    while (index_->expire().value()) ++calls;
    EXPECT_EQ(calls, 3) << "bounded work a call";

    clock_.advance(-7 * 24h);  // what was only hidden by its age would show again
    EXPECT_EQ(list(all()), Ids{"b"});
    EXPECT_EQ(data_of("d", ObjectType::devices), "{}");
}

TEST_F(ObjectIndexTest, AnswersARepeatedKeyForADay) {
    std::string hash(32, 'h');
    write({.id = "x"});
    Event first = write({.id = "a", .idempotency = IdempotencyMark{"key-1", hash, 3}});
    auto answer = index_->find_idempotency_key(kOrg, "key-1").value();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->first, first.position());
    EXPECT_EQ(answer->event_count, 3u);
    EXPECT_EQ(answer->body_sha256, hash);
    EXPECT_EQ(answer->at, first.time());
    EXPECT_FALSE(index_->find_idempotency_key("com.other", "key-1").value());
    EXPECT_FALSE(index_->find_idempotency_key(kOrg, "key").value());

    clock_.advance(24h - 1ms);
    EXPECT_TRUE(index_->find_idempotency_key(kOrg, "key-1").value());
    clock_.advance(1ms);
    EXPECT_FALSE(index_->find_idempotency_key(kOrg, "key-1").value());
    EXPECT_FALSE(index_->expire().value());
    clock_.advance(-1ms);
    EXPECT_FALSE(index_->find_idempotency_key(kOrg, "key-1").value()) << "removed, not only hidden";
}

TEST_F(ObjectIndexTest, IdempotencyKeysOfEventsThatAreNoObjectsCountToo) {
    std::string hash(32, 'h');
    write({.id = "a", .kept = false, .idempotency = IdempotencyMark{"key-1", hash, 1}});
    EXPECT_TRUE(index_->find_idempotency_key(kOrg, "key-1").value());
}

TEST_F(ObjectIndexTest, ApplyingTwiceIsHarmless) {
    auto batch = std::make_shared<CommittedBatch>();
    create("a", "1");
    update("a", "2");
    batch->first = 1;
    batch->last = 2;
    batch->events = {log_.get({0, 1}).value(), log_.get({0, 2}).value()};
    ASSERT_TRUE(index_->apply(*batch));
    EXPECT_EQ(data_of("a"), "2");
    EXPECT_EQ(index_->watermark(0), 2u);
}

TEST_F(ObjectIndexTest, OneBatchMayCreateUpdateAndDelete) {
    log_.hold();
    auto append = [this](std::string id, EventType type, std::string data) {
        std::string envelope = "{\"obj\":{\"data\":" + data + "}}";
        EventView view;
        view.event_type = type;
        view.kept_as_object = true;
        view.org = kOrg;
        view.rec_type = kRecType;
        view.id = id;
        view.envelope = envelope;
        view.obj = view.envelope.substr(7, envelope.size() - 8);
        view.data = view.obj.substr(8, data.size());
        EventBatch batch;
        batch.add(view);
        log_.append(std::move(batch), [](Result<AppendReceipt>) {});
    };
    append("a", EventType::create, "1");
    append("a", EventType::update, "2");
    append("b", EventType::create, "3");
    append("b", EventType::remove, "3");
    log_.release();
    EXPECT_EQ(data_of("a"), "2");
    EXPECT_EQ(get("b").error().code, Errc::not_found);
}

TEST_F(ObjectIndexTest, ReadsFromTheLogWhatItMissed) {
    create("a");
    detach();
    create("b");
    create("c");
    target_ = index_.get();
    create("d");
    EXPECT_EQ(index_->watermark(0), 4u);
    EXPECT_EQ(list(all()), (Ids{"d", "c", "b", "a"}));
}

TEST_F(ObjectIndexTest, CatchesUpAfterACrashThatLostItsMemory) {
    for (int i = 0; i < 5; ++i) create("a" + std::to_string(i), std::to_string(i));
    ASSERT_TRUE(database_->flush());
    update("a0", "10");
    remove("a1");
    create("b");

    database_ = Database::open(folder_.copy("store", "crashed")).value();
    auto crashed = ObjectIndex::open(database_, log_, clock_, {}).value();
    EXPECT_EQ(crashed->watermark(0), 5u) << "what was not flushed is gone";
    index_.reset();
    std::vector<std::pair<Sequence, Sequence>> progress;
    ASSERT_TRUE(crashed->catch_up([&](Sequence at, Sequence head) { progress.emplace_back(at, head); }));
    EXPECT_EQ(progress, (std::vector<std::pair<Sequence, Sequence>>{{8, 8}}));
    index_ = std::move(crashed);
    EXPECT_EQ(list(all()), (Ids{"b", "a4", "a3", "a2", "a0"}));
    EXPECT_EQ(data_of("a0"), "10");
}

TEST_F(ObjectIndexTest, ACrashBeforeAnythingWasFlushedReadsTheWholeLog) {
    for (int i = 0; i < 25; ++i) create("a" + std::to_string(10 + i));
    database_ = Database::open(folder_.copy("store", "crashed")).value();
    start();
    EXPECT_EQ(list(all()).size(), 25u);
}

TEST_F(ObjectIndexTest, AnOrderlyStopLeavesNothingToCatchUp) {
    create("a");
    detach();
    index_.reset();
    database_.reset();
    database_ = Database::open(folder_.path("store")).value();
    EXPECT_EQ(ObjectIndex::open(database_, log_, clock_, {}).value()->watermark(0), 1u);
}

TEST_F(ObjectIndexTest, RefusesALogThatEndsBeforeWhatItHasSeen) {
    create("a");
    detach();
    FakeEventLog younger(clock_);
    auto index = ObjectIndex::open(database_, younger, clock_, {}).value();
    auto caught_up = index->catch_up(nullptr);
    ASSERT_FALSE(caught_up);
    EXPECT_EQ(caught_up.error().code, Errc::corrupt);
}

TEST_F(ObjectIndexTest, KeepsObjectsThatOutliveTheirSegment) {
    write({.id = "d", .type = ObjectType::devices, .data = R"({"n":1})"});
    create("a");
    for (int i = 0; i < 18; ++i) create("x" + std::to_string(i));
    clock_.advance(8 * 24h);
    auto rescue = [this](Sequence first, Sequence last) { return index_->rescue(0, first, last); };
    ASSERT_TRUE(log_.trim(0, 11, rescue));
    ASSERT_EQ(log_.get({0, 1}).error().code, Errc::not_found);
    EXPECT_EQ(data_of("d", ObjectType::devices), R"({"n":1})");
    auto query = all();
    query.type = ObjectType::devices;
    EXPECT_EQ(list(query), Ids{"d"});

    database_ = Database::open(folder_.copy("store", "crashed")).value();
    start();
    EXPECT_EQ(data_of("d", ObjectType::devices), R"({"n":1})") << "on stable storage before the log let go";
    clock_.advance(-8 * 24h);
    EXPECT_EQ(get("a").error().code, Errc::not_found) << "over, and gone with its segment";
}

TEST_F(ObjectIndexTest, DoesNotKeepWhatHasChangedSince) {
    write({.id = "d", .type = ObjectType::devices, .data = "1"});
    write({.id = "e", .type = ObjectType::devices, .data = "1"});
    for (int i = 0; i < 8; ++i) create("x" + std::to_string(i));
    write({.id = "d", .event = EventType::update, .type = ObjectType::devices, .data = "2"});
    write({.id = "e", .event = EventType::remove, .type = ObjectType::devices});
    auto bytes_kept = [this] {
        PrefixScan scan(*RocksDatabase::of(database_), RocksDatabase::of(database_)->objects(), "b");
        int count = 0;
        for (; scan.valid(); scan.next()) ++count;
        return count;
    };
    ASSERT_TRUE(index_->rescue(0, 1, 10));
    EXPECT_EQ(bytes_kept(), 8) << "the objs";
    EXPECT_EQ(data_of("d", ObjectType::devices), "2");

    // What was kept goes when it is replaced or deleted.
    update("x0", "2");
    remove("x1");
    EXPECT_EQ(bytes_kept(), 6);
    EXPECT_EQ(data_of("x0"), "2");
    clock_.advance(7 * 24h);
    EXPECT_FALSE(index_->expire().value());
    EXPECT_EQ(bytes_kept(), 0);
}

TEST_F(ObjectIndexTest, RescuingTwiceIsHarmless) {
    create("a", "1");
    ASSERT_TRUE(index_->rescue(0, 1, 1));
    ASSERT_TRUE(index_->rescue(0, 1, 1));
    EXPECT_EQ(data_of("a"), "1");
}

TEST_F(ObjectIndexTest, HoldsTheTrimUntilItHasCaughtUp) {
    create("a");
    detach();
    for (int i = 0; i < 10; ++i) create("x" + std::to_string(i));
    auto early = index_->rescue(0, 1, 10);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, Errc::unavailable);
    ASSERT_TRUE(index_->catch_up(nullptr));
    EXPECT_TRUE(index_->rescue(0, 1, 10));
}

TEST_F(ObjectIndexTest, ADamagedRecordNeitherHoldsTheTrimNorItsNeighbours) {
    for (auto id : {"d1", "d2", "d3"}) write({.id = id, .type = ObjectType::devices});
    for (int i = 0; i < 8; ++i) create("x" + std::to_string(i));
    log_.damage(2);
    auto rescue = [this](Sequence first, Sequence last) { return index_->rescue(0, first, last); };
    ASSERT_TRUE(log_.trim(0, 11, rescue));
    EXPECT_EQ(data_of("d1", ObjectType::devices), "{}");
    EXPECT_EQ(data_of("d3", ObjectType::devices), "{}");
    EXPECT_EQ(data_of("x6"), "{}");
    EXPECT_EQ(get("d2", ObjectType::devices).error().code, Errc::not_found) << "its entry points to nothing";
    auto query = all();
    query.type = ObjectType::devices;
    query.limit = 0;
    list(query);
    EXPECT_EQ(total_, 2u) << "gone from the index, not only hidden";
    EXPECT_THAT(told_, ElementsAre(HasSubstr("event 2 is damaged"),
                                   HasSubstr("devices/io.acme.room/d2 of com.acme is gone: event 2,")));
    EXPECT_EQ(damaged_events_, 1u);
    EXPECT_EQ(damaged_objects_, 1u);

    database_ = Database::open(folder_.copy("store", "crashed")).value();
    start();
    EXPECT_EQ(get("d2", ObjectType::devices).error().code, Errc::not_found) << "gone for good";
    EXPECT_EQ(data_of("d3", ObjectType::devices), "{}");
}

TEST_F(ObjectIndexTest, DamageIsToldOnceHoweverOftenTheTrimIsTried) {
    create("a");
    log_.damage(1);
    ASSERT_TRUE(index_->rescue(0, 1, 1));
    ASSERT_TRUE(index_->rescue(0, 1, 1));
    EXPECT_EQ(told_.size(), 2u) << "the record and the object";
    EXPECT_EQ(damaged_events_, 1u);
}

TEST_F(ObjectIndexTest, DamageToWhatIsNoObjectsLatestEventCostsNoObject) {
    write({.id = "d", .type = ObjectType::devices, .data = "1"});
    write({.id = "e", .type = ObjectType::devices});
    write({.id = "f", .type = ObjectType::devices});
    write({.id = "x", .kept = false});
    create("old");
    write({.id = "d", .event = EventType::update, .type = ObjectType::devices, .data = "2"});
    write({.id = "e", .event = EventType::remove, .type = ObjectType::devices});
    ASSERT_TRUE(index_->rescue(0, 3, 3));
    clock_.advance(8 * 24h);
    for (Sequence damaged : {1, 2, 3, 4, 5}) log_.damage(damaged);
    ASSERT_TRUE(index_->rescue(0, 1, 5));
    EXPECT_EQ(data_of("d", ObjectType::devices), "2");
    EXPECT_EQ(data_of("f", ObjectType::devices), "{}") << "rescued before";
    EXPECT_THAT(told_, ElementsAre(HasSubstr("events 1 to 5 of the log cannot be read"))) << "what is old was over";
    EXPECT_EQ(damaged_events_, 5u);
    EXPECT_EQ(damaged_objects_, 0u);
}

TEST_F(ObjectIndexTest, ASegmentThatCannotBeReadAtAllGoesToo) {
    create("a");
    create("b");
    log_.fail_reads(make_error(Errc::corrupt, "its index is damaged, and so is it"));
    ASSERT_TRUE(index_->rescue(0, 1, 1));
    log_.fail_reads(std::nullopt);
    EXPECT_EQ(list(all()), Ids{"b"});
    EXPECT_THAT(told_, ElementsAre(HasSubstr("its index is damaged"), HasSubstr("objs/io.acme.room/a")));
}

TEST_F(ObjectIndexTest, WhatCannotBeReadForNowHoldsTheTrim) {
    create("a");
    log_.fail_reads(make_error(Errc::io, "the disk is away"));
    EXPECT_EQ(index_->rescue(0, 1, 1).error().code, Errc::io);
    log_.fail_reads(std::nullopt);
    EXPECT_THAT(told_, IsEmpty());
    ASSERT_TRUE(index_->rescue(0, 1, 1));
    EXPECT_EQ(data_of("a"), "{}");
}

TEST_F(ObjectIndexTest, RescueExpiryAndReadingRunBesideApplying) {
    for (int i = 0; i < 20; ++i) write({.id = "d" + std::to_string(i), .type = ObjectType::devices});
    std::atomic<bool> done = false;
    std::thread keeper([&] {
        while (!done) {
            EXPECT_TRUE(index_->rescue(0, 1, index_->watermark(0)));
            EXPECT_TRUE(index_->expire());
        }
    });
    std::thread reader([&] {
        auto query = all();
        query.type = ObjectType::devices;
        while (!done) {
            auto page = index_->list(query);
            EXPECT_TRUE(page);
            EXPECT_EQ(page->total, 20u);
            EXPECT_TRUE(get("d7", ObjectType::devices));
        }
    });
    for (int i = 0; i < 400; ++i) {
        std::string id = "d" + std::to_string(i % 20);
        write({.id = id, .event = EventType::update, .type = ObjectType::devices, .data = std::to_string(i)});
    }
    done = true;
    keeper.join();
    reader.join();
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(data_of("d" + std::to_string(i), ObjectType::devices), std::to_string(380 + i));
}

TEST_F(ObjectIndexTest, FullDiskRefusesAndCatchesUpByItselfLater) {
    detach();
    index_.reset();
    auto disk = std::make_shared<FullDisk>();
    auto env = rocksdb::NewCompositeEnv(disk);
    database_ = RocksDatabase::open_in(folder_.path("small"), env.get()).value();
    start();
    create("a");
    disk->set_full(true);
    EXPECT_EQ(index_->rescue(0, 1, 1).error().code, Errc::exhausted) << "the log keeps its segment";
    create("b");
    ASSERT_FALSE(last_apply_);
    EXPECT_EQ(last_apply_.error().code, Errc::exhausted);
    EXPECT_EQ(data_of("a"), "{}") << "reading goes on";

    disk->set_full(false);
    create("c");
    ASSERT_TRUE(last_apply_);
    EXPECT_EQ(list(all()), (Ids{"c", "b", "a"}));
    EXPECT_TRUE(index_->rescue(0, 1, 3));
    detach();
    index_.reset();
    database_.reset();  // before its env
}

}  // namespace
}  // namespace sluice
