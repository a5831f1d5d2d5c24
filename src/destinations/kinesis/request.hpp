#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "destinations/kinesis/config.hpp"
#include "destinations/kinesis/kpl_record.hpp"

namespace sluice::kinesis {

// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
constexpr std::size_t kMaxRecords = 500;
/// Data and keys before base64. Streams that take large records take 10 MiB; this every stream takes.
constexpr std::size_t kMaxRequestBytes = 5 << 20;
constexpr std::size_t kMaxRequestBytesOfLargeRecords = 10 << 20;
/// A record's data and key. The stream's own maximum is 1 MiB unless it was raised, to 10 MiB at the most.
constexpr std::size_t kMaxRecordBytes = 1 << 20;
constexpr std::size_t kMaxRecordBytesAbsolute = 10 << 20;
constexpr std::size_t kMaxPartitionKeyCharacters = 256;
/// What the Kinesis Producer Library packs into one record. Larger records save little and burst a shard's 1 MiB/s.
constexpr std::size_t kMaxAggregatedBytes = 50 << 10;

constexpr std::string_view kContentType = "application/x-amz-json-1.1";
constexpr std::string_view kPutRecordsTarget = "Kinesis_20131202.PutRecords";
constexpr std::string_view kDescribeTarget = "Kinesis_20131202.DescribeStreamSummary";
constexpr std::string_view kListStreamsTarget = "Kinesis_20131202.ListStreams";

/// A key that the service can carry: the key itself, or the hex SHA-256 of one that is empty or longer than 256
/// characters. The view is into `key` or into `scratch`.
std::string_view partition_key_for(std::string_view key, std::string& scratch);

/// The partition key of one message: the template's text, else the integration's key, else (`ordering: none`) the
/// object's id. The view is into the message or into `scratch`. Errc::not_found when the template has no value for this
/// event.
Result<std::string_view> partition_key_of(const Config& config, const Message& message, std::string& scratch);

/// The body of one PutRecords request and what is in it.
struct PutRecords {
    struct Record {
        std::uint32_t first = 0;  ///< index of its first message
        std::uint32_t count = 1;  ///< several only when aggregated
    };
    std::string body;
    std::vector<Record> records;  ///< in the order of the body
    /// Messages that cannot be sent, with the reason: they have no partition key. They are in no record.
    std::vector<std::pair<std::uint32_t, Error>> unsendable;
};

/// Writes the request for messages of one target, in their order. With aggregation, messages of one key that stand next
/// to each other become one record.
class PutRecordsBuilder {
  public:
    explicit PutRecordsBuilder(const Config& config) : config_(config) {}
    PutRecords build(std::span<const Message> messages);

  private:
    void append_record(std::string& body, std::span<const Message> run, std::string_view partition_key);

    const Config& config_;
    KplRecord aggregate_;
    std::string aggregated_bytes_;
};

/// `{"StreamName":…}` or `{"StreamARN":…}`, for DescribeStreamSummary.
std::string describe_body(const Config& config, std::string_view stream);

}  // namespace sluice::kinesis
