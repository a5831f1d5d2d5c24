#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_test_kit.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LogReading : public SimulatedLogTest {
  protected:
    static EventFilter of_org(std::string org) {
        EventFilter filter;
        filter.orgs = {std::move(org)};
        return filter;
    }
};

TEST_F(LogReading, PagesByNumberOfEvents) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 5)));
    ReadPage page = log->read({.max_events = 2}).value();
    EXPECT_THAT(ids_of(page.events), ElementsAre("e1", "e2"));
    EXPECT_EQ(page.next, 3u);
    EXPECT_FALSE(page.at_end);
    page = log->read({.from = 5, .max_events = 2}).value();
    EXPECT_THAT(ids_of(page.events), ElementsAre("e5"));
    EXPECT_EQ(page.next, 6u);
    EXPECT_TRUE(page.at_end);
}

TEST_F(LogReading, PagesByBytesButGivesOneEventAtLeast) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 4, 1000)));
    std::size_t size = numbered_batch(1, 1, 1000).byte_size();
    EXPECT_EQ(log->read({.max_bytes = 2 * size}).value().events.size(), 2u);
    EXPECT_EQ(log->read({.max_bytes = 2 * size - 1}).value().events.size(), 1u);
    ReadPage page = log->read({.max_bytes = 1}).value();
    EXPECT_THAT(ids_of(page.events), ElementsAre("e1"));
    EXPECT_EQ(page.next, 2u);
}

TEST_F(LogReading, KeepsToTheLastSequenceAsked) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 5)));
    ReadPage page = log->read({.from = 2, .to = 3}).value();
    EXPECT_THAT(ids_of(page.events), ElementsAre("e2", "e3"));
    EXPECT_TRUE(page.at_end);
    EXPECT_EQ(page.next, 4u);
}

TEST_F(LogReading, GivesNothingPastTheHead) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 5)));
    ReadPage page = log->read({.from = 9}).value();
    EXPECT_THAT(page.events, IsEmpty());
    EXPECT_TRUE(page.at_end);
    EXPECT_EQ(page.next, 9u);
}

TEST_F(LogReading, GivesOnlyWhatMatchesAcrossSegments) {
    auto log = open();
    std::vector<std::string> expected;
    for (int i = 0; i < 300; ++i) {
        std::string org = i % 50 == 7 ? "org.rare" : "com.acme";
        std::string id = "e" + std::to_string(i);
        if (org == "org.rare") expected.push_back(id);
        ASSERT_TRUE(append_now(*log, batch_of({{.id = id, .org = org, .padding = 300}})));
    }
    ASSERT_GT(log->segments().size(), 3u);
    EventFilter rare = of_org("org.rare");
    EXPECT_EQ(ids_of(read_all(*log, &rare)), expected);
    EXPECT_EQ(ids_of(read_all(*log, &rare, 1)), expected);
    EXPECT_EQ(log->count(0, 1, ~Sequence(0), rare).value(), expected.size());
    EXPECT_EQ(log->count(0, 8, 58, rare).value(), 2u);
    EXPECT_EQ(log->count(0, 9, 57, rare).value(), 0u);
    EXPECT_EQ(log->count(0, 500, 600, rare).value(), 0u);
}

TEST_F(LogReading, SaysWhereToGoOnWhenNothingMatches) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 5)));
    EventFilter nobody = of_org("nobody");
    ReadPage page = log->read({.filter = &nobody}).value();
    EXPECT_THAT(page.events, IsEmpty());
    EXPECT_EQ(page.next, 6u);
    EXPECT_TRUE(page.at_end);
}

TEST_F(LogReading, AsksRecordsForTagsThatTheIndexDoesNotKnow) {
    auto log = open();
    for (int i = 0; i < 200; ++i) {
        std::vector<std::string> tags{"t" + std::to_string(i)};
        if (i % 10 == 0) tags.push_back("wanted");
        ASSERT_TRUE(append_now(*log, batch_of({{.id = "e" + std::to_string(i), .tags = tags, .padding = 200}})));
    }
    EventFilter wanted = of_org("com.acme");
    wanted.tags = {"wanted"};
    auto events = read_all(*log, &wanted, 3);
    ASSERT_EQ(events.size(), 20u);
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i]->id, "e" + std::to_string(i * 10));
    EXPECT_EQ(log->count(0, 1, 200, wanted).value(), 20u);
    EXPECT_EQ(log->count(0, 1, 100, wanted).value(), 10u);
}

TEST_F(LogReading, ReadsNeighboursIntoOneBuffer) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 20, 100)));
    auto events = log->read({}).value().events;
    for (const Event& event : events) EXPECT_EQ(event.owner(), events.front().owner());
}

TEST_F(LogReading, GetsOneEventFromAnySegment) {
    auto log = open();
    int last = fill_segments(*log, 4);
    for (int i = 1; i <= last; ++i) EXPECT_EQ(log->get({0, Sequence(i)}).value()->id, "e" + std::to_string(i));
    EXPECT_EQ(log->get({0, 0}).error().code, Errc::not_found);
    EXPECT_EQ(log->get({0, Sequence(last + 1)}).error().code, Errc::not_found);
    EXPECT_EQ(log->get({1, 1}).error().code, Errc::not_found);
    log.reset();
    log = open();
    for (int i = last; i >= 1; --i) EXPECT_EQ(log->get({0, Sequence(i)}).value()->id, "e" + std::to_string(i));
}

TEST_F(LogReading, FindsWhereATimeBegins) {
    auto log = open();
    Timestamp start = clock.now();
    int last = 0;
    while (log->segments().size() < 3) {
        ASSERT_TRUE(append_now(*log, numbered_batch(++last, 1, 2000)));
        clock.advance(std::chrono::milliseconds(10));
    }
    for (int reopened = 0; reopened < 2; ++reopened) {
        EXPECT_EQ(log->first_at_or_after(0, start - std::chrono::hours(1)).value(), 1u);
        for (int i = 1; i <= last; ++i) {
            Timestamp time = start + std::chrono::milliseconds(10 * (i - 1));
            EXPECT_EQ(log->first_at_or_after(0, time).value(), Sequence(i));
            EXPECT_EQ(log->first_at_or_after(0, time - std::chrono::milliseconds(5)).value(), Sequence(i));
        }
        EXPECT_EQ(log->first_at_or_after(0, start + std::chrono::hours(1)).value(), Sequence(last + 1));
        log.reset();
        log = open();
    }
}

TEST_F(LogReading, WorksWithAnIndexCacheThatHoldsNothing) {
    SegmentLogOptions small = options();
    small.index_cache_bytes = 0;
    auto log = SegmentLog::open(small).value();
    int last = fill_segments(*log, 5, 500);
    EXPECT_EQ(read_all(*log).size(), std::size_t(last));
    EventFilter acme = of_org("com.acme");
    EXPECT_EQ(log->count(0, 1, ~Sequence(0), acme).value(), Sequence(last));
}

TEST_F(LogReading, MakesAMissingIndexAnew) {
    auto log = open();
    int last = fill_segments(*log, 4);
    log.reset();
    std::vector<std::string> indexes = paths(".index");
    ASSERT_EQ(indexes.size(), 4u);
    for (const std::string& path : indexes) files->erase(path);
    log = open();
    EXPECT_EQ(read_all(*log).size(), std::size_t(last));
    EXPECT_EQ(paths(".index").size(), 3u) << "of the sealed segments";
}

}  // namespace
}  // namespace sluice
