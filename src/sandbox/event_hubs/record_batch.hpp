#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/event_hubs/kafka_error.hpp"

namespace sluice::sandbox {

/// One record of a batch. Views are into the bytes that the batch was read from, or what was unpacked of them.
struct KafkaRecord {
    std::int64_t timestamp = 0;  ///< ms since the epoch
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::size_t header_count = 0;
    std::string_view header_bytes;  ///< checked; see for_each_header()

    std::size_t payload_bytes() const noexcept {
        return key.value_or("").size() + value.value_or("").size() + header_bytes.size();
    }
};

/// A record batch, format 2 (Apache Kafka, "Record Batch").
struct RecordBatch {
    std::int16_t attributes = 0;
    std::int64_t base_timestamp = 0;
    std::int64_t max_timestamp = 0;
    std::int64_t producer_id = -1;  ///< -1: not idempotent; epoch and sequence then say nothing
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::vector<KafkaRecord> records;
    /// What gzip held; null for a batch that was not compressed, whose records are in the bytes that were read.
    std::shared_ptr<const std::string> unpacked;
};

struct BatchRefusal {
    KafkaError error = KafkaError::corrupt_message;
    std::string message;
};

constexpr std::size_t kRecordBatchHeadBytes = 61;

/// Strict: exactly one batch and nothing after it, checksum, lengths, deltas and counts all agree. Compression: none or
/// gzip, as the service takes (Microsoft, "Apache Kafka compression support in Azure Event Hubs"), unpacked up to
/// `max_unpacked_bytes`. Transactional and control batches are refused.
boost::system::result<RecordBatch, BatchRefusal> read_record_batch(std::string_view bytes,
                                                                   std::size_t max_unpacked_bytes);

/// Calls `see(name, value)` for each header, in order; a value may be null.
void for_each_header(const KafkaRecord& record,
                     const std::function<void(std::string_view, std::optional<std::string_view>)>& see);

/// What write_record_batch() is to write.
struct NewRecord {
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};
struct NewBatch {
    std::int64_t timestamp = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::vector<NewRecord> records;
};
/// Not compressed, all records with one timestamp: for what came over HTTPS and is to be read over Kafka.
std::string write_record_batch(const NewBatch& batch);

/// Sets what a broker sets in a batch that it stores: neither is under the checksum.
void set_base_offset(char* batch, std::int64_t offset);

}  // namespace sluice::sandbox
