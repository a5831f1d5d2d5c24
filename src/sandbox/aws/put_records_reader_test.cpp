#include "sandbox/aws/put_records_reader.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

using testing::HasSubstr;

AwsResult<PutRequest> read_many(std::string body, PutLimits limits = {}) {
    return PutRecordsReader(limits).read_put_records(body);
}

std::string record(std::string_view key, std::string_view data) {
    return fmt::format(R"({{"PartitionKey":"{}","Data":"{}"}})", key, base64_encode(data));
}

std::string_view data_of(const PutRequest& request, std::size_t index) {
    return std::string_view(*request.bytes).substr(request.entries[index].offset, request.entries[index].size);
}

TEST(PutRecordsReader, ReadsRecordsInOrder) {
    auto request = read_many(R"({"StreamName":"events","Records":[)" + record("a", "one") + "," + record("b", "") +
                             "," + record("a", "three") + "]}");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->stream, "events");
    ASSERT_EQ(request->entries.size(), 3u);
    EXPECT_EQ(request->entries[0].partition_key, "a");
    EXPECT_EQ(data_of(*request, 0), "one");
    EXPECT_EQ(data_of(*request, 1), "");
    EXPECT_EQ(data_of(*request, 2), "three");
}

TEST(PutRecordsReader, TakesMembersInAnyOrderWithSpacesEscapesAndUnknownOnes) {
    auto request = read_many(
        "{ \"Records\" : [ { \"More\": {\"x\":[1,2]}, \"Data\": \"Pz8\\/\", \"ExplicitHashKey\": \"12\", "
        "\"PartitionKey\": "
        "\"\\u00e9\" } ], \"Other\": null, \"StreamARN\": \"arn:aws:kinesis:eu-west-1:1:stream/by-arn\", "
        "\"StreamName\":\"n\" }");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->stream, "by-arn");
    EXPECT_EQ(request->entries[0].partition_key, "\u00e9");
    EXPECT_EQ(request->entries[0].explicit_hash_key, HashKey{12});
    EXPECT_EQ(data_of(*request, 0), "???");
}

TEST(PutRecordsReader, TreatsNullAsAbsent) {
    auto request = read_many(
        R"({"StreamName":"e","StreamARN":null,"Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":null}]})");
    ASSERT_TRUE(request);
    EXPECT_FALSE(request->entries[0].explicit_hash_key);
}

TEST(PutRecordsReader, CountsKeysInCharactersAndSizesInBytes) {
    std::string key;
    for (int i = 0; i < 256; i++) key += "\u20ac";
    EXPECT_TRUE(read_many(R"({"StreamName":"e","Records":[)" + record(key, "x") + "]}"));
    auto refused = read_many(R"({"StreamName":"e","Records":[)" + record(key + "a", "x") + "]}");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("'records.1.member.partitionKey'"));

    PutLimits limits;
    limits.max_request_bytes = 3 + 5;
    EXPECT_TRUE(read_many(R"({"StreamName":"e","Records":[)" + record("\u20ac", "12345") + "]}", limits));
    auto too_large = read_many(R"({"StreamName":"e","Records":[)" + record("\u20ac", "123456") + "]}", limits);
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().type, "InvalidArgumentException");
}

TEST(PutRecordsReader, HoldsARequestTo500Records) {
    auto many = [](int count) {
        std::string body = R"({"StreamName":"e","Records":[)";
        for (int i = 0; i < count; i++) body += record("k", "x") + (i + 1 < count ? "," : "");
        return read_many(body + "]}");
    };
    EXPECT_TRUE(many(500));
    auto refused = many(501);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().type, "ValidationException");
    EXPECT_THAT(refused.error().message, HasSubstr("less than or equal to 500"));
}

TEST(PutRecordsReader, ReadsASingleRecord) {
    PutRecordsReader reader({});
    auto request = reader.read_put_record(
        R"({"StreamName":"e","Data":"aGk=","PartitionKey":"k","SequenceNumberForOrdering":"1"})");
    ASSERT_TRUE(request);
    EXPECT_EQ(data_of(*request, 0), "hi");
    EXPECT_FALSE(reader.read_put_record(R"({"StreamName":"e","Data":"aGk="})"));
    EXPECT_FALSE(reader.read_put_record(R"({"StreamName":"e","Data":7,"PartitionKey":"k"})"));
}

struct Refused {
    const char* body;
    const char* type;
};
class PutRecordsRefused : public testing::TestWithParam<Refused> {};

TEST_P(PutRecordsRefused, WithAwsNameForTheFault) {
    auto request = read_many(GetParam().body);
    ASSERT_FALSE(request) << GetParam().body;
    EXPECT_EQ(request.error().type, GetParam().type) << request.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Each, PutRecordsRefused,
    testing::Values(
        Refused{"", "SerializationException"}, Refused{"[]", "SerializationException"},
        Refused{R"({"StreamName":"e","Records":[{"Data":"","PartitionKey":"k"}]}x)", "SerializationException"},
        Refused{R"({"StreamName":"e","Records":{}})", "SerializationException"},
        Refused{R"({"StreamName":"e","Records":["x"]})", "SerializationException"},
        Refused{R"({"StreamName":"e","Records":[{"Data":1,"PartitionKey":"k"}]})", "SerializationException"},
        Refused{R"({"StreamName":"e","Records":[{"Data":"%%%%","PartitionKey":"k"}]})", "SerializationException"},
        Refused{R"({"StreamName":"e","Records":[{"Data":"eA","PartitionKey":"k"}]})", "SerializationException"},
        Refused{R"({"StreamName":"e"})", "ValidationException"},
        Refused{R"({"StreamName":"e","Records":[]})", "ValidationException"},
        Refused{R"({"StreamName":"e","Records":[{"PartitionKey":"k"}]})", "ValidationException"},
        Refused{R"({"StreamName":"e","Records":[{"Data":""}]})", "ValidationException"},
        Refused{R"({"StreamName":"e","Records":[{"Data":"","PartitionKey":""}]})", "ValidationException"},
        Refused{R"({"StreamName":"e","Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":"-1"}]})",
                "InvalidArgumentException"},
        Refused{R"({"Records":[{"Data":"","PartitionKey":"k"}]})", "InvalidArgumentException"}));

}  // namespace
}  // namespace sluice::sandbox
