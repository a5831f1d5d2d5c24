#include "destinations/kinesis/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/encoding.hpp"
#include "destination/test_batch.hpp"

namespace sluice::kinesis {
namespace {

namespace json = boost::json;

Config config_of(Aggregation aggregation = Aggregation::none) {
    Config config;
    config.stream = TextTemplate::literal("building-events");
    config.aggregation = aggregation;
    return config;
}

/// The batch as the lane hands it over, for the one stream.
std::vector<Message> aimed(const TestBatch& batch) {
    std::vector<Message> messages(batch.messages().begin(), batch.messages().end());
    for (auto& message : messages) message.target = "building-events";
    return messages;
}

std::string text_of(const json::value& value) {
    return std::string(value.as_string());
}

std::string data_of(const json::value& record) {
    return base64_decode(text_of(record.at("Data"))).value();
}

TEST(KinesisRequest, WritesOneRecordPerMessageInOrder) {
    auto config = config_of();
    TestBatch batch;
    batch.add("a", "key \"1\"\n").add("b", "é").add("c");
    auto messages = aimed(batch);
    auto request = PutRecordsBuilder(config).build(messages);
    auto body = json::parse(request.body);
    EXPECT_EQ(text_of(body.at("StreamName")), "building-events");
    EXPECT_EQ(body.as_object().size(), 2u);
    const auto& records = body.at("Records").as_array();
    ASSERT_EQ(records.size(), 3u);
    ASSERT_EQ(request.records.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(data_of(records[i]), messages[i].body);
        EXPECT_EQ(text_of(records[i].at("PartitionKey")), messages[i].key);
        EXPECT_EQ(records[i].as_object().size(), 2u);
        EXPECT_EQ(request.records[i].first, i);
        EXPECT_EQ(request.records[i].count, 1u);
    }
    EXPECT_TRUE(request.unsendable.empty());
}

TEST(KinesisRequest, NamesTheArnInsteadWhereOneWasGiven) {
    auto config = config_of();
    config.stream_arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/building-events";
    TestBatch batch;
    batch.add("a");
    auto body = json::parse(PutRecordsBuilder(config).build(aimed(batch)).body);
    EXPECT_EQ(text_of(body.at("StreamARN")), config.stream_arn);
    EXPECT_FALSE(body.as_object().contains("StreamName"));
    EXPECT_EQ(describe_body(config, "x"),
              R"({"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/building-events"})");
}

TEST(KinesisRequest, KeysThatTheServiceCannotCarryAreReplacedByTheirHash) {
    std::string scratch;
    std::string longest(256, 'k');
    EXPECT_EQ(partition_key_for(longest, scratch), longest);
    // Characters count, not bytes.
    std::string wide;
    for (int i = 0; i < 256; ++i) wide += "é";
    EXPECT_EQ(partition_key_for(wide, scratch), wide);
    auto too_long = longest + "k";
    EXPECT_EQ(partition_key_for(too_long, scratch), hex_lower(as_view(sha256(too_long))));
    EXPECT_EQ(partition_key_for("", scratch), hex_lower(as_view(sha256(""))));
}

TEST(KinesisRequest, WithoutAKeyTheObjectsIdSpreadsTheLoad) {
    auto config = config_of();
    TestBatch batch;
    batch.add("object-1");
    auto messages = aimed(batch);
    messages[0].key = {};
    std::string scratch;
    EXPECT_EQ(partition_key_of(config, messages[0], scratch).value(), "object-1");
}

TEST(KinesisRequest, PartitionKeyTemplateDecidesAndItsAbsenceConcernsThatMessageOnly) {
    auto config = config_of();
    config.partition_key = TextTemplate::parse("{obj.data.room}").value();
    TestBatch batch;
    batch.add("a").add("b").add("c");
    auto messages = aimed(batch);
    config.partition_key = TextTemplate::parse("{recType}/{id}").value();
    auto body = json::parse(PutRecordsBuilder(config).build(messages).body);
    EXPECT_EQ(text_of(body.at("Records").as_array()[1].at("PartitionKey")), "io.acme.room/b");

    config.partition_key = TextTemplate::parse("{obj.data.absent}").value();
    auto none = PutRecordsBuilder(config).build(messages);
    EXPECT_TRUE(none.records.empty());
    ASSERT_EQ(none.unsendable.size(), 3u);
    EXPECT_EQ(none.unsendable[2].first, 2u);
    EXPECT_THAT(none.unsendable[0].second.message, testing::HasSubstr("obj.data.absent"));
}

TEST(KinesisRequest, AggregationPacksARunOfOneKeyIntoOneRecord) {
    auto config = config_of(Aggregation::kpl);
    TestBatch batch;
    batch.add("a", "k1").add("b", "k1").add("c", "k2").add("d", "k1");
    auto messages = aimed(batch);
    auto request = PutRecordsBuilder(config).build(messages);
    auto body = json::parse(request.body);
    const auto& records = body.at("Records").as_array();
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(request.records[0].first, 0u);
    EXPECT_EQ(request.records[0].count, 2u);
    EXPECT_EQ(request.records[1].first, 2u);
    EXPECT_EQ(request.records[2].first, 3u);

    KplRecord expected;
    expected.add("k1", std::nullopt, messages[0].body);
    expected.add("k1", std::nullopt, messages[1].body);
    std::string bytes;
    expected.append_to(bytes);
    EXPECT_EQ(data_of(records[0]), bytes);
    EXPECT_EQ(text_of(records[0].at("PartitionKey")), "a");
    EXPECT_EQ(text_of(records[0].at("ExplicitHashKey")), hash_key_decimal("k1"));
    // A lone record is sent plain.
    EXPECT_EQ(data_of(records[1]), messages[2].body);
    EXPECT_EQ(text_of(records[1].at("PartitionKey")), "k2");
    EXPECT_FALSE(records[1].as_object().contains("ExplicitHashKey"));
}

TEST(KinesisRequest, UnkeyedAggregatesEndAtTheirSize) {
    auto config = config_of(Aggregation::kpl);
    TestBatch batch;
    for (int i = 0; i < 4; ++i) batch.add("object-" + std::to_string(i), {}, 20 << 10);
    auto messages = aimed(batch);
    for (auto& message : messages) message.key = {};
    auto request = PutRecordsBuilder(config).build(messages);
    ASSERT_EQ(request.records.size(), 2u);
    EXPECT_EQ(request.records[0].count, 2u);
    EXPECT_EQ(request.records[1].count, 2u);
}

TEST(KinesisRequest, NoMessagesGiveNoRecords) {
    auto config = config_of();
    EXPECT_TRUE(PutRecordsBuilder(config).build({}).records.empty());
}

}  // namespace
}  // namespace sluice::kinesis
