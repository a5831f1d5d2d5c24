#include "sandbox/event_hubs/record_batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "http/gzip_for_test.hpp"
#include "sandbox/event_hubs/kafka_wire.hpp"

namespace sluice::sandbox {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::size_t kRoom = std::size_t{1} << 20;

/// Two records as kafkajs 2.2.4 encodes them: a key, a value and two headers; and neither key nor value.
constexpr auto kByKafkaJs =
    "00000000000000000000006200000000021bcff7be0000000000010000018bcfe568000000018bcfe56805ffffffffffffff"
    "ff00000000000000000002520000000a6465762d310e7b2261223a317d04146576656e745f747970650c637265617465026e"
    "0400ff0c000a02010100"sv;
constexpr auto kByKafkaJsPacked =
    "00000000000000000000007600000000026b8e9f330001000000010000018bcfe568000000018bcfe56805ffffffffffffff"
    "ff000000000000000000021f8b08000000000000030b626060e04a492dd335e4ab564a54b232ac6511492d4bcd2b892fa92c"
    "48e5492e4a4d2c4965ca6361f8cfc3c0c5c4c8c800009fa3fcc331000000"sv;

std::vector<std::pair<std::string, std::optional<std::string>>> headers_of(const KafkaRecord& record) {
    std::vector<std::pair<std::string, std::optional<std::string>>> all;
    for_each_header(
        record, [&](std::string_view name, std::optional<std::string_view> value) { all.emplace_back(name, value); });
    return all;
}

TEST(RecordBatch, ReadsWhatAnotherClientEncoded) {
    for (auto hex : {kByKafkaJs, kByKafkaJsPacked}) {
        auto bytes = *hex_decode(hex);
        auto batch = read_record_batch(bytes, kRoom);
        ASSERT_TRUE(batch) << batch.error().message;
        EXPECT_EQ(batch->producer_id, -1);
        EXPECT_EQ(batch->max_timestamp, 1'700'000'000'005);
        ASSERT_EQ(batch->records.size(), 2u);
        const auto& first = batch->records[0];
        EXPECT_EQ(first.key, "dev-1");
        EXPECT_EQ(first.value, "{\"a\":1}");
        EXPECT_EQ(first.timestamp, 1'700'000'000'000);
        EXPECT_THAT(headers_of(first), ElementsAre(Pair("event_type", "create"), Pair("n", "\x00\xff"sv)));
        const auto& second = batch->records[1];
        EXPECT_EQ(second.key, std::nullopt);
        EXPECT_EQ(second.value, std::nullopt);
        EXPECT_EQ(second.timestamp, 1'700'000'000'005);
        EXPECT_TRUE(headers_of(second).empty());
    }
}

NewBatch two_records() {
    NewBatch batch;
    batch.timestamp = 1'700'000'000'000;
    batch.producer_id = 77;
    batch.producer_epoch = 1;
    batch.base_sequence = 5;
    batch.records = {{"k", "value", {{"a", "b"}, {"none", std::nullopt}}}, {std::nullopt, "", {}}};
    return batch;
}

TEST(RecordBatch, ReadsWhatItWrote) {
    auto bytes = write_record_batch(two_records());
    set_base_offset(bytes.data(), 41);  // not under the checksum
    auto batch = read_record_batch(bytes, kRoom);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->producer_id, 77);
    EXPECT_EQ(batch->producer_epoch, 1);
    EXPECT_EQ(batch->base_sequence, 5);
    ASSERT_EQ(batch->records.size(), 2u);
    EXPECT_EQ(batch->records[0].key, "k");
    EXPECT_EQ(batch->records[0].value, "value");
    EXPECT_THAT(headers_of(batch->records[0]), ElementsAre(Pair("a", "b"), Pair("none", std::nullopt)));
    EXPECT_EQ(batch->records[1].key, std::nullopt);
    EXPECT_EQ(batch->records[1].value, "");
}

/// Changes a batch in the place given and puts its length and checksum right again.
std::string altered(std::string bytes, std::size_t at, std::string_view with) {
    bytes.replace(at, with.size(), with);
    KafkaWriter length;
    length.int32(static_cast<std::int32_t>(bytes.size() - 12));
    bytes.replace(8, 4, length.view());
    KafkaWriter checksum;
    checksum.uint32(crc32c(std::string_view(bytes).substr(21)));
    bytes.replace(17, 4, checksum.view());
    return bytes;
}

TEST(RecordBatch, RefusesEveryBatchThatIsCut) {
    auto bytes = write_record_batch(two_records());
    for (std::size_t size = 0; size < bytes.size(); size++) {
        auto batch = read_record_batch(std::string_view(bytes).substr(0, size), kRoom);
        ASSERT_FALSE(batch) << size;
        EXPECT_EQ(batch.error().error, KafkaError::corrupt_message) << size;
    }
}

TEST(RecordBatch, RefusesEveryChangedBitThatTheChecksumCovers) {
    auto bytes = write_record_batch(two_records());
    for (std::size_t at = 17; at < bytes.size(); at++) {
        auto changed = bytes;
        changed[at] ^= 0x10;
        auto batch = read_record_batch(changed, kRoom);
        ASSERT_FALSE(batch) << at;
        EXPECT_EQ(batch.error().error, KafkaError::corrupt_message) << at;
    }
}

TEST(RecordBatch, SaysWhatItDoesNotTake) {
    auto bytes = write_record_batch(two_records());
    struct Case {
        std::string bytes;
        KafkaError error;
        std::string message;
    };
    for (const auto& [wrong, error, message] : std::vector<Case>{
             {altered(bytes, 16, "\x01"sv), KafkaError::invalid_record, "message format 1"},
             {altered(bytes, 21, "\x00\x02"sv), KafkaError::unsupported_compression_type, "compression 2"},
             {altered(bytes, 21, "\x00\x04"sv), KafkaError::unsupported_compression_type, "compression 4"},
             {altered(bytes, 21, "\x00\x10"sv), KafkaError::invalid_record, "transactional"},
             {altered(bytes, 21, "\x00\x20"sv), KafkaError::invalid_record, "control"},
             {altered(bytes, 21, "\x00\x01"sv), KafkaError::corrupt_message, "not gzip"},
             {altered(bytes, 23, "\x00\x00\x00\x02"sv), KafkaError::corrupt_message, "last offset"},
             {altered(bytes, 51, "\xff\xff"sv), KafkaError::invalid_record, "producer id"},
             {altered(bytes, 57, "\x00\x00\x00\x00"sv), KafkaError::corrupt_message, "as many records"},
             {altered(bytes, 57, "\x7f\xff\xff\xff"sv), KafkaError::corrupt_message, "as many records"},
             {altered(bytes + "x", 0, ""), KafkaError::corrupt_message, "after the batch's last record"},
             {altered(bytes, 61, "\x02"sv), KafkaError::corrupt_message, "record 0"},
             {bytes + bytes, KafkaError::corrupt_message, "not as long as it says"},
         }) {
        auto batch = read_record_batch(wrong, kRoom);
        ASSERT_FALSE(batch) << message;
        EXPECT_EQ(batch.error().error, error) << message;
        EXPECT_THAT(batch.error().message, HasSubstr(message));
    }
}

TEST(RecordBatch, UnpacksNoMoreThanIsAllowed) {
    auto plain = write_record_batch(two_records());
    auto packed = plain.substr(0, 61) + http::gzip_for_test(std::string_view(plain).substr(61));
    packed = altered(packed, 21, "\x00\x01"sv);
    auto room = plain.size() - 61;
    EXPECT_TRUE(read_record_batch(packed, room));
    auto refused = read_record_batch(packed, room - 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error, KafkaError::message_too_large);
}

}  // namespace
}  // namespace sluice::sandbox
