#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sandbox/core/received_log.hpp"
#include "sandbox/event_hubs/producer_sequences.hpp"
#include "sandbox/event_hubs/record_batch.hpp"

namespace sluice::sandbox {

/// Of a hub that is made without a word on them.
inline constexpr std::int32_t kDefaultPartitions = 4;

/// The event hubs of a namespace, each with its partitions. What is in them is in the ReceivedLog; beside it a
/// partition keeps the batches as they came, which share the log's bytes, for readers over Kafka, and only as long as
/// the log has them. Names are found without case, as the service does. Thread: any.
class Hubs {
  public:
    struct Options {
        std::map<std::string, std::int32_t> hubs{{"building-events", 4}};  ///< name to partitions
        std::size_t max_event_bytes = std::size_t{1} << 20;                ///< 256 KiB on the Basic tier
        std::size_t max_unpacked_bytes = std::size_t{16} << 20;
        std::size_t max_hubs = 1000;
    };
    struct Hub {
        std::string name;
        std::int32_t partitions = 0;
        std::uint64_t events = 0;
    };
    /// A batch as it came, and what holds its bytes.
    struct Bytes {
        std::shared_ptr<const std::string> buffer;
        std::string_view batch;
    };
    struct Appended {
        KafkaError error = KafkaError::none;
        std::int64_t offset = -1;
        std::string message;
    };
    struct Offsets {
        std::int64_t first = 0;  ///< the oldest that can be read; `next` when none can
        std::int64_t next = 0;
    };
    struct Fetched {
        KafkaError error = KafkaError::none;
        Offsets offsets;
        std::string batches;
    };

    Hubs(Options options, ReceivedLog& received);

    const Options& options() const noexcept { return options_; }

    /// 1 to 256 of `A-Za-z0-9._-`, first and last a letter or digit; 1 to 32 partitions. Errc::conflict when there is
    /// one, Errc::exhausted when the namespace is full.
    Result<void> create(std::string_view name, std::int32_t partitions);
    /// What create() would say, without doing it.
    Result<void> check_new(std::string_view name, std::int32_t partitions) const;
    Result<void> remove(std::string_view name);
    std::optional<Hub> find(std::string_view name) const;
    std::vector<Hub> list() const;

    /// All of a batch or nothing of it. A repeated batch of an idempotent producer is answered with its first offset.
    Appended append(std::string_view hub, std::int32_t partition, const RecordBatch& batch, const Bytes& bytes);
    std::optional<Offsets> offsets(std::string_view hub, std::int32_t partition) const;
    /// The first event at or after `timestamp`: its offset and timestamp; nullopt when there is none.
    std::optional<std::pair<std::int64_t, std::int64_t>> find_time(std::string_view hub, std::int32_t partition,
                                                                   std::int64_t timestamp) const;
    /// Whole batches from the one that holds `offset` on: at least one, more while they fit in `max_bytes`.
    Fetched fetch(std::string_view hub, std::int32_t partition, std::int64_t offset, std::size_t max_bytes) const;

  private:
    struct StoredBatch {
        std::int64_t offset = 0;
        std::int64_t end = 0;  ///< one past its last offset
        std::int64_t max_timestamp = 0;
        std::uint64_t last_number = 0;  ///< in the ReceivedLog
        Bytes bytes;
    };
    struct Partition {
        std::int64_t next = 0;
        ProducerSequences producers;
        std::deque<StoredBatch> batches;
    };
    struct State {
        std::shared_ptr<const std::string> name;
        std::vector<Partition> partitions;
        std::uint64_t events = 0;
    };

    Result<void> check_new_locked(std::string_view name, std::int32_t partitions) const;
    const Partition* find_partition(std::string_view hub, std::int32_t partition) const;
    /// Those that the log has still.
    std::deque<StoredBatch>::const_iterator oldest_readable(const Partition& partition) const;
    static bool fits(const RecordBatch& batch, std::size_t max_event_bytes);

    const Options options_;
    ReceivedLog& received_;
    mutable std::mutex mutex_;
    std::map<std::string, State, std::less<>> hubs_;  ///< by name in lower case
};

/// The rule above, for messages; empty when the name is good.
std::string_view wrong_with_hub_name(std::string_view name) noexcept;

}  // namespace sluice::sandbox
