#include "ingest/idempotency.hpp"

#include <gtest/gtest.h>

#include "ingest/ingest_fixture_for_test.hpp"

namespace sluice {
namespace {

CreateRequest keyed(std::string key, std::string body, bool ndjson = false) {
    CreateRequest request = create_request(std::move(body), ndjson);
    request.idempotency_key = std::move(key);
    return request;
}

TEST(IdempotencyKey, IsPrintableAsciiOfBoundedLength) {
    EXPECT_FALSE(check_idempotency_key("a"));
    EXPECT_FALSE(check_idempotency_key(std::string(255, '~')));
    EXPECT_FALSE(check_idempotency_key("with spaces, and \"quotes\""));
    for (const std::string& key : {std::string(), std::string(256, 'a'), std::string("t\tb"), std::string("é"),
                                   std::string("nul\0", 4), std::string("del\x7f")}) {
        const auto refusal = check_idempotency_key(key);
        ASSERT_TRUE(refusal) << key;
        EXPECT_EQ(refusal->kind, Refusal::Kind::malformed);
    }
}

TEST(IdempotencyKey, AFingerprintTellsCallsAndBodiesApart) {
    const auto base = fingerprint({"a", "bc"}, "body");
    EXPECT_EQ(base, fingerprint({"a", "bc"}, "body"));
    EXPECT_NE(base, fingerprint({"ab", "c"}, "body"));
    EXPECT_NE(base, fingerprint({"a", "bc"}, "other"));
    EXPECT_NE(base, fingerprint({"a"}, "body"));
}

TEST(Idempotency, ARepeatedCreateIsAnsweredAsTheFirstAndWritesNothing) {
    IngestBench bench;
    const auto first = bench.run(bench.ingest.create(keyed("k", "{\"n\":1}\n{\"n\":2}", true)));
    ASSERT_TRUE(first);
    bench.clock.advance(std::chrono::hours(23));
    const auto second = bench.run(bench.ingest.create(keyed("k", "{\"n\":1}\n{\"n\":2}", true)));
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_FALSE(first->replayed);
    EXPECT_TRUE(second->replayed);
    EXPECT_EQ(second->first, first->first);
    EXPECT_EQ(second->count, 2u);
    ASSERT_EQ(second->events.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(second->events[i]->obj, first->events[i]->obj);
    EXPECT_EQ(bench.events().size(), 2u);
}

TEST(Idempotency, AnotherRequestUnderTheSameKeyIsRefused) {
    IngestBench bench;
    ASSERT_TRUE(bench.run(bench.ingest.create(keyed("k", "{}"))));
    CreateRequest other_stream = keyed("k", "{}");
    other_stream.context.rec_type = "io.acme.other";
    CreateRequest other_type = keyed("k", "{}");
    other_type.context.type = ObjectType::devices;
    CreateRequest other_tags = keyed("k", "{}");
    other_tags.context.tags = {"Dublin"};
    for (CreateRequest request :
         {keyed("k", "{\"n\":1}"), keyed("k", "{}", true), other_stream, other_type, other_tags}) {
        const auto refused = bench.run(bench.ingest.create(std::move(request)));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, Refusal::Kind::unacceptable);
        EXPECT_EQ(refused.error().code, "idempotency_key_reused");
    }
    EXPECT_EQ(bench.events().size(), 1u);
}

TEST(Idempotency, KeysBelongToTheirOrg) {
    IngestBench bench;
    ASSERT_TRUE(bench.run(bench.ingest.create(keyed("k", "{}"))));
    CreateRequest other = keyed("k", "{\"n\":1}");
    other.context.author.org = "com.other";
    const auto written = bench.run(bench.ingest.create(other));
    ASSERT_TRUE(written);
    EXPECT_FALSE(written->replayed);
}

TEST(Idempotency, ARefusedRequestDoesNotUseUpItsKey) {
    IngestBench bench;
    EXPECT_FALSE(bench.run(bench.ingest.create(keyed("k", "{"))));
    bench.log.fail_next_append(make_error(Errc::exhausted, "no space"));
    EXPECT_FALSE(bench.run(bench.ingest.create(keyed("k", "{}"))));
    const auto written = bench.run(bench.ingest.create(keyed("k", "{}")));
    ASSERT_TRUE(written);
    EXPECT_FALSE(written->replayed);
}

TEST(Idempotency, ABadKeyIsRefusedBeforeAnythingIsWritten) {
    IngestBench bench;
    const auto refused = bench.run(bench.ingest.create(keyed("", "{}")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "invalid_idempotency_key");
    EXPECT_TRUE(bench.events().empty());
}

TEST(Idempotency, AKeyIsFreeAgainAfterADay) {
    IngestBench bench;
    ASSERT_TRUE(bench.run(bench.ingest.create(keyed("k", "{}"))));
    bench.clock.advance(std::chrono::hours(25));
    const auto written = bench.run(bench.ingest.create(keyed("k", "{\"n\":1}")));
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_FALSE(written->replayed);
}

TEST(Idempotency, ConcurrentRepeatsWaitForTheFirst) {
    IngestBench bench;
    bench.log.hold();
    TaskGroup tasks(bench.io);
    std::vector<bool> replayed;
    auto create = [](IngestBench& on, std::vector<bool>& to) -> boost::asio::awaitable<void> {
        CreateRequest request = keyed("k", "{}");
        const auto written = co_await on.ingest.create(std::move(request));
        EXPECT_TRUE(written);
        if (written) to.push_back(written->replayed);
    };
    for (int i = 0; i < 3; ++i) tasks.spawn(create(bench, replayed));
    while (bench.log.stats().waiting_bytes == 0) bench.io.run_one();
    EXPECT_TRUE(replayed.empty());
    bench.log.release();
    bench.run(tasks.join());
    EXPECT_EQ(replayed, (std::vector<bool>{false, true, true}));
    EXPECT_EQ(bench.events().size(), 1u);
}

TEST(Idempotency, ARepeatWhoseObjectsTheLogHasLetGoIsToldSo) {
    IngestBench bench;
    ASSERT_TRUE(bench.run(bench.ingest.create(keyed("k", "{}"))));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(bench.run(bench.ingest.create(create_request("{}"))));
    ASSERT_TRUE(bench.log.trim(0, 15, {}));
    const auto refused = bench.run(bench.ingest.create(keyed("k", "{}")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Refusal::Kind::conflict);
    EXPECT_EQ(refused.error().code, "answer_gone");
}

}  // namespace
}  // namespace sluice
