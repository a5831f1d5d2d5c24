#include <gtest/gtest.h>

#include "ingest/ingest_fixture_for_test.hpp"

namespace sluice {
namespace {

std::string envelope(std::string_view type, std::string_view id, int number) {
    return R"({"event_type":")" + std::string(type) + R"(","id":")" + std::string(id) + R"(","obj":{"data":{"n":)" +
           std::to_string(number) + R"(}},"obj_type":"objs","recType":"io.acme","source":"Platform"})";
}

EnvelopesRequest envelopes(std::string body, bool ndjson = true) {
    EnvelopesRequest request;
    request.org = "com.acme";
    request.body = std::move(body);
    request.ndjson = ndjson;
    return request;
}

TEST(IngestEnvelopes, AreLoggedInOrderAndNotKeptAsObjects) {
    IngestBench bench;
    const std::string body =
        envelope("create", "a", 1) + '\n' + envelope("update", "a", 2) + '\n' + envelope("delete", "b", 3);
    const auto written = bench.run(bench.ingest.append_envelopes(envelopes(body)));
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->count, 3u);
    EXPECT_EQ(written->first, (LogPosition{0, 1}));
    EXPECT_EQ(written->last(), (LogPosition{0, 3}));
    const auto events = bench.events();
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0]->envelope, envelope("create", "a", 1));
    EXPECT_EQ(events[1]->event_type, EventType::update);
    EXPECT_EQ(events[2]->event_type, EventType::remove);
    EXPECT_EQ(bench.log.stats().syncs, 1u);
    const auto read = bench.run(bench.ingest.get({"com.acme", ObjectType::objs, "io.acme", "a"}));
    EXPECT_FALSE(read);
}

TEST(IngestEnvelopes, OneBadLineStoresNothingAndIsNamed) {
    IngestBench bench;
    const std::string good = envelope("create", "a", 1) + '\n';
    const auto refused =
        bench.run(bench.ingest.append_envelopes(envelopes(good + envelope("destroy", "b", 2) + '\n' + good)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Refusal::Kind::unacceptable);
    EXPECT_EQ(refused.error().line, 2u);
    EXPECT_EQ(refused.error().offset, good.size());
    EXPECT_TRUE(bench.events().empty());
}

TEST(IngestEnvelopes, ARepeatedRequestIsAnsweredAsTheFirst) {
    IngestBench bench;
    EnvelopesRequest request = envelopes(envelope("create", "a", 1) + '\n' + envelope("create", "b", 2));
    request.idempotency_key = "k";
    const auto first = bench.run(bench.ingest.append_envelopes(request));
    const auto second = bench.run(bench.ingest.append_envelopes(request));
    ASSERT_TRUE(first);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_TRUE(second->replayed);
    EXPECT_EQ(second->first, first->first);
    EXPECT_EQ(second->last(), first->last());
    EXPECT_EQ(bench.events().size(), 2u);

    CreateRequest other = create_request("{}");
    other.idempotency_key = "k";
    const auto refused = bench.run(bench.ingest.create(other));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "idempotency_key_reused");
}

}  // namespace
}  // namespace sluice
