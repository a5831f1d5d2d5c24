#include <gtest/gtest.h>

#include <map>
#include <random>

#include "ingest/ingest_fixture_for_test.hpp"

namespace sluice {
namespace {

Event create(IngestBench& bench, std::string body) {
    return bench.run(bench.ingest.create(create_request(std::move(body)))).value().events.front();
}

TEST(IngestChange, AnUpdateIsSeenByTheNextRead) {
    IngestBench bench;
    const Event created = create(bench, R"({"n":1})");
    const auto updated = bench.run(bench.ingest.update(update_request(created, R"({"n":2})")));
    ASSERT_TRUE(updated);
    EXPECT_EQ((*updated)->data, R"({"n":2})");
    EXPECT_EQ(updated->position(), (LogPosition{0, 2}));
    EXPECT_EQ(member_of(*updated, "createDate"), member_of(created, "createDate"));
    EXPECT_EQ(member_of(*updated, "origin"), member_of(created, "origin"));
    EXPECT_LT(member_of(created, "updateDate"), member_of(*updated, "updateDate"));
    EXPECT_EQ(bench.run(bench.ingest.get(key_of(created))).value()->obj, (*updated)->obj);
}

TEST(IngestChange, ADeletedObjectIsGoneAndItsEventCarriesIt) {
    IngestBench bench;
    const Event created = create(bench, R"({"n":1})");
    const auto removed = bench.run(bench.ingest.remove(key_of(created)));
    ASSERT_TRUE(removed);
    EXPECT_EQ((*removed)->event_type, EventType::remove);
    EXPECT_EQ((*removed)->obj, created->obj);
    for (const auto& again :
         {bench.run(bench.ingest.remove(key_of(created))), bench.run(bench.ingest.get(key_of(created))),
          bench.run(bench.ingest.update(update_request(created, "{}")))}) {
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().kind, Refusal::Kind::not_found);
    }
    EXPECT_EQ(bench.events().size(), 2u);
}

TEST(IngestChange, ARefusedUpdateLeavesTheObjectAsItWas) {
    IngestBench bench;
    const Event created = create(bench, R"({"n":1})");
    for (const char* body : {"", "{\"n\":", "[1]"})
        EXPECT_FALSE(bench.run(bench.ingest.update(update_request(created, body))));
    bench.log.fail_next_append(make_error(Errc::exhausted, "no space"));
    EXPECT_FALSE(bench.run(bench.ingest.update(update_request(created, "{}"))));
    EXPECT_EQ(bench.run(bench.ingest.get(key_of(created))).value()->obj, created->obj);
    EXPECT_EQ(bench.events().size(), 1u);
}

TEST(IngestChange, AnotherOrgCannotChangeAnObject) {
    IngestBench bench;
    const Event created = create(bench, "{}");
    UpdateRequest foreign = update_request(created, "{}");
    foreign.key.org = "com.other";
    EXPECT_FALSE(bench.run(bench.ingest.update(foreign)));
    EXPECT_FALSE(bench.run(bench.ingest.remove(foreign.key)));
    EXPECT_EQ(bench.events().size(), 1u);
}

boost::asio::awaitable<void> update_and_note(IngestBench& bench, Event object, int number,
                                             std::vector<std::string>& log) {
    UpdateRequest request = update_request(object, "{\"n\":" + std::to_string(number) + "}");
    const IngestResult<Event> updated = co_await bench.ingest.update(std::move(request));
    log.push_back(updated ? "updated " + std::to_string(number) : std::string(updated.error().code));
}

boost::asio::awaitable<void> remove_and_note(IngestBench& bench, Event object, std::vector<std::string>& log) {
    ObjectKey key = key_of(object);
    const IngestResult<Event> removed = co_await bench.ingest.remove(std::move(key));
    log.push_back(removed ? "removed" : std::string(removed.error().code));
}

TEST(IngestChange, ConcurrentChangesOfOneObjectComeOneAfterAnother) {
    IngestBench bench;
    const Event created = create(bench, "{}");
    TaskGroup tasks(bench.io);
    std::vector<std::string> log;
    tasks.spawn(update_and_note(bench, created, 1, log));
    tasks.spawn(update_and_note(bench, created, 2, log));
    tasks.spawn(remove_and_note(bench, created, log));
    tasks.spawn(update_and_note(bench, created, 3, log));
    tasks.spawn(remove_and_note(bench, created, log));
    bench.run(tasks.join());
    EXPECT_EQ(log, (std::vector<std::string>{"updated 1", "updated 2", "removed", "not_found", "not_found"}));
    const auto events = bench.events();
    ASSERT_EQ(events.size(), 4u);
    EXPECT_EQ(events[1]->data, R"({"n":1})");
    EXPECT_EQ(events[2]->data, R"({"n":2})");
    EXPECT_EQ(events[3]->obj, events[2]->obj);
}

/// Whatever is done in whichever order, and whatever the clock does: reads show the last write, and an object's events
/// carry a strictly increasing updateDate.
class RandomChanges : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomChanges, ReadsShowTheLastWriteAndDatesIncrease) {
    IngestBench bench;
    std::mt19937 random(GetParam());
    std::vector<Event> known;
    std::map<std::string, std::string> expected;  // id → data; absent: deleted
    for (int step = 0; step < 300; ++step) {
        bench.clock.advance(std::chrono::milliseconds(static_cast<int>(random() % 7) - 3));
        const std::string body = "{\"step\":" + std::to_string(step) + "}";
        const auto choice = known.empty() ? 0 : random() % 10;
        if (choice < 3) {
            known.push_back(create(bench, body));
            expected[std::string(known.back()->id)] = body;
            continue;
        }
        const Event& object = known[random() % known.size()];
        const std::string id(object->id);
        const bool exists = expected.count(id) > 0;
        if (choice < 8) {
            const auto updated = bench.run(bench.ingest.update(update_request(object, body)));
            ASSERT_EQ(updated.has_value(), exists);
            if (exists) expected[id] = body;
        } else {
            ASSERT_EQ(bench.run(bench.ingest.remove(key_of(object))).has_value(), exists);
            expected.erase(id);
        }
        const auto read = bench.run(bench.ingest.get(key_of(object)));
        ASSERT_EQ(read.has_value(), expected.count(id) > 0);
        if (read) {
            ASSERT_EQ((*read)->data, expected[id]);
        }
    }
    std::map<std::string, std::string> last_dates;
    for (const Event& event : bench.events()) {
        std::string& last = last_dates[std::string(event->id)];
        const std::string date = member_of(event, "updateDate");
        if (event->event_type == EventType::remove) {
            ASSERT_EQ(date, last);
        } else {
            ASSERT_LT(last, date);
        }
        last = date;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomChanges, ::testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace sluice
