#include "sandbox/aws/kinesis_api.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <vector>

#include "sandbox/aws/aws_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class KinesisApiTest : public AwsFixture {
  protected:
    explicit KinesisApiTest(AwsOptions options = {}) : AwsFixture(std::move(options)) {}

    static std::string record(std::string_view key, std::string_view data) {
        return fmt::format(R"({{"PartitionKey":"{}","Data":"{}"}})", key, base64_encode(data));
    }
    Reply put(std::string_view stream, std::vector<std::string> records) {
        return kinesis("PutRecords",
                       fmt::format(R"({{"StreamName":"{}","Records":[{}]}})", stream, fmt::join(records, ",")));
    }
    std::string iterator(std::string_view stream, int shard,
                         std::string_view more = R"("ShardIteratorType":"TRIM_HORIZON")") {
        auto reply = kinesis("GetShardIterator", fmt::format(R"({{"StreamName":"{}","ShardId":"shardId-{:012}",{}}})",
                                                             stream, shard, more));
        EXPECT_EQ(reply.status, 200) << reply.text;
        return std::string(reply.json.at("ShardIterator").as_string());
    }
    Reply get(const std::string& iterator, std::string_view more = "") {
        return kinesis("GetRecords", fmt::format(R"({{"ShardIterator":"{}"{}}})", iterator, more));
    }
    static std::vector<std::string> data(const Reply& reply) {
        std::vector<std::string> all;
        for (const auto& entry : reply.json.at("Records").as_array())
            all.push_back(*base64_decode(std::string(entry.at("Data").as_string())));
        return all;
    }
};

TEST_F(KinesisApiTest, PutsInOrderWithIncreasingSequenceNumbersPerShard) {
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"one","ShardCount":1})").status, 200);
    auto reply = put("one", {record("a", "1"), record("b", "2"), record("a", "3")});
    ASSERT_EQ(reply.status, 200) << reply.text;
    EXPECT_EQ(reply.json.at("FailedRecordCount").as_int64(), 0);
    std::string before;
    for (const auto& entry : reply.json.at("Records").as_array()) {
        std::string sequence(entry.at("SequenceNumber").as_string());
        EXPECT_EQ(sequence.size(), 56u);
        EXPECT_GT(sequence, before);
        before = sequence;
        EXPECT_EQ(entry.at("ShardId").as_string(), "shardId-000000000000");
    }
    EXPECT_THAT(data(get(iterator("one", 0))), ElementsAre("1", "2", "3"));
    EXPECT_EQ(received_.read(1, 10)[2].sequence, before);
}

TEST_F(KinesisApiTest, PlacesKeysByTheirHash) {
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"two","ShardCount":2})").status, 200);
    // "a" hashes into the lower half of the ring, "abcd" into the upper; an explicit hash key overrules.
    auto reply = put(
        "two", {record("a", "1"), record("abcd", "2"), R"({"PartitionKey":"abcd","Data":"","ExplicitHashKey":"0"})"});
    const auto& records = reply.json.at("Records").as_array();
    EXPECT_EQ(records[0].at("ShardId").as_string(), "shardId-000000000000");
    EXPECT_EQ(records[1].at("ShardId").as_string(), "shardId-000000000001");
    EXPECT_EQ(records[2].at("ShardId").as_string(), "shardId-000000000000");
}

TEST_F(KinesisApiTest, FailsSingleRecordsInA200AndTakesTheRest) {
    ASSERT_TRUE(
        faults_.set_json(R"([{"action":"fail_record","record":1,"count":1},{"action":"throttle","key":"^slow$"}])"));
    auto reply = put("events", {record("a", "1"), record("b", "2"), record("slow", "3"), record("b", "4")});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.json.at("FailedRecordCount").as_int64(), 2);
    const auto& records = reply.json.at("Records").as_array();
    EXPECT_EQ(records[1].at("ErrorCode").as_string(), "InternalFailure");
    EXPECT_EQ(records[2].at("ErrorCode").as_string(), "ProvisionedThroughputExceededException");
    auto kept = received_.read(1, 10);
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].body.view(), "1");
    EXPECT_EQ(kept[1].body.view(), "4");
}

TEST_F(KinesisApiTest, HoldsRecordsToTheirStreamsLimit) {
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"small","ShardCount":1})").status, 200);
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"large","ShardCount":1,"MaxRecordSizeInKiB":10240})").status,
              200);
    std::string data((1 << 20) - 1, 'x');
    EXPECT_EQ(put("small", {record("k", data)}).status, 200);
    EXPECT_EQ(put("small", {record("k", data + "x")}).error(), "InvalidArgumentException");
    EXPECT_EQ(put("large", {record("k", data + "x")}).status, 200);
}

TEST_F(KinesisApiTest, DescribesStreamsWhileTheyAreMadeAndAfter) {
    auto summary = kinesis("DescribeStreamSummary", R"({"StreamName":"events"})");
    const auto& description = summary.json.at("StreamDescriptionSummary");
    EXPECT_EQ(description.at("StreamStatus").as_string(), "ACTIVE");
    EXPECT_EQ(description.at("OpenShardCount").as_int64(), 4);
    EXPECT_EQ(description.at("MaxRecordSizeInKiB").as_int64(), 1024);
    EXPECT_EQ(description.at("StreamARN").as_string(), "arn:aws:kinesis:eu-west-1:000000000000:stream/events");
    EXPECT_EQ(kinesis("CreateStream", R"({"StreamName":"events","ShardCount":1})").error(), "ResourceInUseException");
}

TEST_F(KinesisApiTest, ForgetsADeletedStreamUntilItIsCreatedAgain) {
    EXPECT_EQ(put("events", {record("a", "1")}).status, 200);
    EXPECT_EQ(kinesis("DeleteStream", R"({"StreamName":"events"})").status, 200);
    EXPECT_EQ(put("events", {record("a", "2")}).error(), "ResourceNotFoundException");
    EXPECT_EQ(kinesis("CreateStream", R"({"StreamName":"events","ShardCount":1})").status, 200);
    EXPECT_EQ(put("events", {record("a", "3")}).status, 200);
    EXPECT_THAT(data(get(iterator("events", 0))), ElementsAre("3"));
}

TEST_F(KinesisApiTest, ListsShardsByPages) {
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"s","ShardCount":3})").status, 200);
    auto page = kinesis("ListShards", R"({"StreamName":"s","MaxResults":2})");
    ASSERT_EQ(page.json.at("Shards").as_array().size(), 2u);
    std::string token(page.json.at("NextToken").as_string());
    auto rest = kinesis("ListShards", fmt::format(R"({{"NextToken":"{}"}})", token));
    ASSERT_EQ(rest.json.at("Shards").as_array().size(), 1u);
    EXPECT_EQ(rest.json.at("Shards").at(0).at("HashKeyRange").at("EndingHashKey").as_string(),
              "340282366920938463463374607431768211455");
    EXPECT_FALSE(rest.json.as_object().contains("NextToken"));
    clock_.advance(std::chrono::seconds(301));
    EXPECT_EQ(kinesis("ListShards", fmt::format(R"({{"NextToken":"{}"}})", token)).error(),
              "ExpiredNextTokenException");
}

TEST_F(KinesisApiTest, ClosesShardsWhenTheirNumberChanges) {
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"s","ShardCount":1})").status, 200);
    put("s", {record("a", "1")});
    ASSERT_EQ(kinesis("UpdateShardCount", R"({"StreamName":"s","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"})")
                  .status,
              200);
    auto reply = put("s", {record("a", "2")});
    EXPECT_EQ(reply.json.at("Records").at(0).at("ShardId").as_string(), "shardId-000000000001");

    auto all = kinesis("ListShards", R"({"StreamName":"s"})").json;
    ASSERT_EQ(all.at("Shards").as_array().size(), 3u);
    EXPECT_TRUE(all.at("Shards").at(0).at("SequenceNumberRange").as_object().contains("EndingSequenceNumber"));
    EXPECT_EQ(all.at("Shards").at(1).at("ParentShardId").as_string(), "shardId-000000000000");
    auto open = kinesis("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AT_LATEST"}})").json;
    EXPECT_EQ(open.at("Shards").as_array().size(), 2u);

    auto end = get(iterator("s", 0));
    EXPECT_THAT(data(end), ElementsAre("1"));
    EXPECT_FALSE(end.json.as_object().contains("NextShardIterator"));
    EXPECT_EQ(end.json.at("ChildShards").as_array().size(), 2u);
}

TEST_F(KinesisApiTest, ReadsFromWhereTheIteratorSays) {
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"s","ShardCount":1})").status, 200);
    auto first = put("s", {record("a", "1"), record("a", "2")});
    std::string second(first.json.at("Records").at(1).at("SequenceNumber").as_string());
    auto latest = iterator("s", 0, R"("ShardIteratorType":"LATEST")");
    clock_.advance(std::chrono::seconds(10));
    auto time = to_epoch_ms(clock_.now()) / 1000;
    put("s", {record("a", "3")});
    EXPECT_THAT(data(get(latest)), ElementsAre("3"));
    EXPECT_THAT(
        data(get(iterator(
            "s", 0, fmt::format(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")", second)))),
        ElementsAre("2", "3"));
    EXPECT_THAT(
        data(get(iterator(
            "s", 0,
            fmt::format(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")", second)))),
        ElementsAre("3"));
    EXPECT_THAT(data(get(iterator("s", 0, fmt::format(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":{})", time)))),
                ElementsAre("3"));

    auto page = get(iterator("s", 0), R"(,"Limit":2)");
    EXPECT_THAT(data(page), ElementsAre("1", "2"));
    EXPECT_THAT(data(get(std::string(page.json.at("NextShardIterator").as_string()))), ElementsAre("3"));
}

TEST_F(KinesisApiTest, RefusesIteratorsThatAreOldOrMadeUp) {
    put("s", {record("a", "1")});
    auto old = iterator("s", 0);
    clock_.advance(std::chrono::seconds(301));
    EXPECT_EQ(get(old).error(), "ExpiredIteratorException");
    EXPECT_EQ(get("bm90IG9uZQ==").error(), "InvalidArgumentException");
    EXPECT_EQ(kinesis("GetShardIterator",
                      R"({"StreamName":"s","ShardId":"shardId-000000000009","ShardIteratorType":"LATEST"})")
                  .error(),
              "ResourceNotFoundException");
}

TEST_F(KinesisApiTest, NamesAnOperationThatItDoesNotKnow) {
    auto reply = kinesis("MergeShards", "{}");
    EXPECT_EQ(reply.error(), "UnknownOperationException");
    EXPECT_THAT(reply.text, HasSubstr("MergeShards"));
}

class KinesisLimitsTest : public KinesisApiTest {
  protected:
    static AwsOptions options() {
        AwsOptions made;
        made.streams.throughput_limits = true;
        made.streams.auto_create = false;
        made.streams.creation_time = std::chrono::seconds(3);
        return made;
    }
    KinesisLimitsTest() : KinesisApiTest(options()) {}
};

TEST_F(KinesisLimitsTest, ThrottlesAShardBeyondAThousandRecordsASecond) {
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"s","ShardCount":1})").status, 200);
    std::vector<std::string> records(500, record("a", "x"));
    EXPECT_EQ(put("s", records).json.at("FailedRecordCount").as_int64(), 0);
    EXPECT_EQ(put("s", records).json.at("FailedRecordCount").as_int64(), 0);
    EXPECT_EQ(put("s", records).json.at("FailedRecordCount").as_int64(), 500);
    clock_.advance(std::chrono::milliseconds(100));
    EXPECT_EQ(put("s", records).json.at("FailedRecordCount").as_int64(), 400);
}

TEST_F(KinesisLimitsTest, MakesAStreamOnlyWhenItIsCreatedAndActiveOnlyAfterAWhile) {
    EXPECT_EQ(put("s", {record("a", "x")}).error(), "ResourceNotFoundException");
    EXPECT_EQ(kinesis("DescribeStreamSummary", R"({"StreamName":"s"})").error(), "ResourceNotFoundException");
    ASSERT_EQ(kinesis("CreateStream", R"({"StreamName":"s","StreamModeDetails":{"StreamMode":"ON_DEMAND"}})").status,
              200);
    auto status = [&] {
        auto reply = kinesis("DescribeStreamSummary", R"({"StreamName":"s"})");
        return std::string(reply.json.at("StreamDescriptionSummary").at("StreamStatus").as_string());
    };
    EXPECT_EQ(status(), "CREATING");
    clock_.advance(std::chrono::seconds(3));
    EXPECT_EQ(status(), "ACTIVE");
}

}  // namespace
}  // namespace sluice::sandbox
