#include <gtest/gtest.h>

#include <thread>

#include "base/ids.hpp"
#include "ingest/checksum.hpp"
#include "ingest/ingest_fixture_for_test.hpp"

namespace sluice {
namespace {

TEST(IngestCreate, AnAnsweredObjectIsInTheLogAndCanBeRead) {
    IngestBench bench;
    const auto written = bench.run(bench.ingest.create(create_request(R"({"hello":"world"})")));
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_EQ(written->events.size(), 1u);
    EXPECT_FALSE(written->replayed);
    const Event& object = written->events.front();
    EXPECT_EQ(object.position(), (LogPosition{0, 1}));
    ASSERT_EQ(bench.events().size(), 1u);
    EXPECT_EQ(bench.events().front()->envelope, object->envelope);

    const auto read = bench.run(bench.ingest.get(key_of(object)));
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)->obj, object->obj);
}

TEST(IngestCreate, AnotherOrgsObjectIsUnknown) {
    IngestBench bench;
    const auto written = bench.run(bench.ingest.create(create_request("{}")));
    ObjectKey key = key_of(written->events.front());
    key.org = "com.other";
    const auto read = bench.run(bench.ingest.get(key));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, Refusal::Kind::not_found);
}

TEST(IngestCreate, LinesBecomeEventsInTheirOrderInOneAppend) {
    IngestBench bench;
    const auto written = bench.run(bench.ingest.create(create_request("{\"n\":1}\n\n{\"n\":2}\r\n{\"n\":3}", true)));
    ASSERT_TRUE(written);
    EXPECT_EQ(written->count, 3u);
    EXPECT_EQ(written->first, (LogPosition{0, 1}));
    EXPECT_EQ(written->last(), (LogPosition{0, 3}));
    EXPECT_EQ(bench.log.stats().syncs, 1u);
    const auto events = bench.events();
    ASSERT_EQ(events.size(), 3u);
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(events[i]->data, "{\"n\":" + std::to_string(i + 1) + "}");
        EXPECT_EQ(events[i]->envelope, written->events[i]->envelope);
    }
}

TEST(IngestCreate, OneBadLineStoresNothingAndIsNamed) {
    IngestBench bench;
    const auto refused =
        bench.run(bench.ingest.create(create_request("{\"n\":1}\n\n{\"n\":2}\n{\"n\" 3}\n{\"n\":4}", true)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Refusal::Kind::malformed);
    EXPECT_EQ(refused.error().line, 4u);
    EXPECT_EQ(refused.error().offset, 17u + 5u);
    EXPECT_TRUE(bench.events().empty());
    EXPECT_EQ(bench.log.stats().syncs, 0u);
}

TEST(IngestCreate, ALineThatIsNoObjectIsNamedToo) {
    IngestBench bench;
    const auto refused = bench.run(bench.ingest.create(create_request("{}\n 7\n", true)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Refusal::Kind::unacceptable);
    EXPECT_EQ(refused.error().line, 2u);
    EXPECT_EQ(refused.error().offset, 4u);
}

TEST(IngestCreate, ABodyWithoutAnObjectIsRefused) {
    IngestBench bench;
    for (const bool ndjson : {false, true}) {
        for (const char* body : {"", " \r\n\n"}) {
            const auto refused = bench.run(bench.ingest.create(create_request(body, ndjson)));
            ASSERT_FALSE(refused);
            EXPECT_EQ(refused.error().kind, Refusal::Kind::malformed);
            EXPECT_EQ(refused.error().code, "empty_body");
        }
    }
}

TEST(IngestCreate, LimitsAreNamed) {
    Ingest::Options options;
    options.limits.max_body_bytes = 40;
    options.limits.max_lines = 3;
    options.limits.data.max_bytes = 20;
    IngestBench bench(options);
    const auto code = [&](std::string body) {
        const auto written = bench.run(bench.ingest.create(create_request(std::move(body), true)));
        if (written) return std::string("written");
        EXPECT_EQ(written.error().kind, Refusal::Kind::too_large);
        return std::string(written.error().code);
    };
    EXPECT_EQ(code("{}\n{}\n{}\n"), "written");
    EXPECT_EQ(code("{}\n{}\n{}\n{}"), "too_many_lines");
    EXPECT_EQ(code("{}\n{\"a\":\"0123456789012\"}"), "object_too_large");
    EXPECT_EQ(code(std::string(41, ' ')), "body_too_large");
}

TEST(IngestCreate, AFullLogIsBusyAndLeavesNothingBehind) {
    IngestBench bench;
    bench.log.fail_next_append(make_error(Errc::exhausted, "less than 1GiB is free", "free some space"));
    const auto refused = bench.run(bench.ingest.create(create_request("{}")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Refusal::Kind::busy);
    EXPECT_GT(refused.error().retry_after.count(), 0);
    EXPECT_TRUE(bench.events().empty());
    EXPECT_EQ(bench.ingest.waiting_bytes(), 0u);
    EXPECT_TRUE(bench.run(bench.ingest.create(create_request("{}"))));
}

TEST(IngestCreate, AClosingLogIsBusy) {
    IngestBench bench;
    bench.log.close();
    const auto refused = bench.run(bench.ingest.create(create_request("{}")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Refusal::Kind::busy);
    EXPECT_EQ(refused.error().code, "stopping");
}

TEST(IngestCreate, TooManyWaitingBytesAreRefusedUntilTheyAreWritten) {
    Ingest::Options options;
    options.limits.max_waiting_bytes = 3000;
    IngestBench bench(options);
    bench.log.hold();
    TaskGroup tasks(bench.io);
    std::vector<bool> answers;
    auto create = [](IngestBench& on, std::vector<bool>& to) -> boost::asio::awaitable<void> {
        CreateRequest request = create_request("{}");
        const auto written = co_await on.ingest.create(std::move(request));
        to.push_back(written.has_value());
    };
    tasks.spawn(create(bench, answers));
    tasks.spawn(create(bench, answers));
    bench.io.poll();
    EXPECT_TRUE(answers.empty());
    const auto refused = bench.run(bench.ingest.create(create_request("{}")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "overloaded");
    bench.log.release();
    bench.run(tasks.join());
    EXPECT_EQ(answers, (std::vector<bool>{true, true}));
    EXPECT_EQ(bench.ingest.waiting_bytes(), 0u);
    EXPECT_TRUE(bench.run(bench.ingest.create(create_request("{}"))));
}

TEST(IngestCreate, AnOrgOverItsBacklogIsRefused) {
    Ingest::Options options;
    options.over_backlog = [](std::string_view org) { return org == "com.acme"; };
    IngestBench bench(options);
    const auto refused = bench.run(bench.ingest.create(create_request("{}")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Refusal::Kind::over_backlog);
    EXPECT_TRUE(bench.events().empty());
}

TEST(IngestCreate, ListsShowWhatWasWrittenNewestFirst) {
    IngestBench bench;
    for (int i = 1; i <= 3; ++i) {
        ASSERT_TRUE(bench.run(bench.ingest.create(create_request("{\"n\":" + std::to_string(i) + "}"))));
        bench.clock.advance(std::chrono::milliseconds(1));
    }
    ObjectIndex::ListQuery query;
    query.org = "com.acme";
    query.rec_type = "io.acme.reading";
    query.limit = 2;
    const auto page = bench.run(bench.ingest.list(query));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->total, 3u);
    ASSERT_EQ(page->events.size(), 2u);
    EXPECT_EQ(page->events[0]->data, R"({"n":3})");
    EXPECT_EQ(page->events[1]->data, R"({"n":2})");
}

TEST(IngestCreate, AListIsArrangedWhereItWasRead) {
    IngestBench bench;
    ASSERT_TRUE(bench.run(bench.ingest.create(create_request("{\"n\":1}"))));
    ObjectIndex::ListQuery query;
    query.org = "com.acme";
    query.rec_type = "io.acme.reading";
    std::thread::id arranged_by = std::this_thread::get_id();
    const auto page = bench.run(bench.ingest.list(query, [&arranged_by](ObjectIndex::ListPage& found) {
        arranged_by = std::this_thread::get_id();
        found.events.clear();
    }));
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->events.empty());
    EXPECT_NE(arranged_by, std::this_thread::get_id()) << "not by the caller's, which is a shard's";
}

}  // namespace
}  // namespace sluice
