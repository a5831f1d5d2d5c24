#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/aws/aws_error.hpp"
#include "sandbox/aws/hash_key.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"

namespace sluice::sandbox {

/// One record of a put, decoded.
struct PutEntry {
    std::string partition_key;
    std::optional<HashKey> explicit_hash_key;
    std::size_t offset = 0;  ///< of the data within the request's bytes
    std::size_t size = 0;
};

/// What became of one record: a place in a shard, or an error.
struct PutOutcome {
    std::uint32_t shard = 0;
    std::uint64_t counter = 0;  ///< of the record within its shard, from 1; 0 when refused
    std::string error_code;
    std::string error_message;
};

struct ShardInfo {
    std::uint32_t index = 0;
    HashRange range;
    std::optional<std::uint32_t> parent;
    std::optional<std::uint32_t> adjacent_parent;
    bool open = true;
    std::uint64_t next_counter = 1;
};

struct StreamInfo {
    std::string name;
    std::int64_t created_ms = 0;
    bool active = true;  ///< else still being created
    bool on_demand = false;
    std::size_t max_record_kib = 1024;
    std::size_t open_shards = 0;
};

struct StreamSettings {
    std::size_t shards = 1;
    bool on_demand = false;
    std::size_t max_record_kib = 1024;
};

struct StoredRecord {
    std::uint64_t counter = 0;
    ReceivedItem item;
};

/// The state behind the stand-in for Kinesis: streams, their shards, and which received item lies where. The bodies are
/// in the ReceivedLog. Thread: any.
class KinesisStreams {
  public:
    struct Options {
        bool auto_create = true;  ///< a stream that is asked for is there, unless it was deleted
        StreamSettings auto_settings{4, false, 1024};
        std::chrono::milliseconds creation_time{0};  ///< from CreateStream to ACTIVE
        bool throughput_limits = false;              ///< 1,000 records/s and 1 MiB/s for each shard
    };
    KinesisStreams(Options options, ReceivedLog& received, FaultInjector& faults, const Clock& clock);

    AwsResult<void> create(std::string_view name, StreamSettings settings);
    AwsResult<void> remove(std::string_view name);
    AwsResult<StreamInfo> info(std::string_view name);
    std::vector<StreamInfo> list() const;
    /// All shards, closed ones too, by index.
    AwsResult<std::vector<ShardInfo>> shards(std::string_view name);
    /// Closes every open shard and opens `shards` new ones.
    AwsResult<void> reshard(std::string_view name, std::size_t shards);

    /// One outcome for each entry, in order. `bytes` holds the data of all. Record faults are drawn here.
    AwsResult<std::vector<PutOutcome>> put(std::string_view name, std::string_view operation,
                                           std::vector<PutEntry> entries, std::shared_ptr<const std::string> bytes);

    /// Records of a shard from `counter` on that are still kept; `next` receives the counter to go on from.
    AwsResult<std::vector<StoredRecord>> read(std::string_view name, std::uint32_t shard, std::uint64_t counter,
                                              std::size_t limit, std::size_t max_bytes, std::uint64_t& next);
    /// The counter of the first record accepted at or after a time.
    AwsResult<std::uint64_t> counter_at(std::string_view name, std::uint32_t shard, std::int64_t time_us);

    /// Sequence numbers are 56 digits, as AWS's are: the shard's prefix, then the counter.
    static std::string sequence_prefix(std::int64_t created_ms, std::uint32_t shard);
    static std::string sequence_number(std::string_view prefix, std::uint64_t counter);
    static std::optional<std::uint64_t> parse_sequence_number(std::string_view prefix, std::string_view text);
    static std::string shard_id(std::uint32_t shard);
    static std::optional<std::uint32_t> parse_shard_id(std::string_view text);
    static AwsError not_found(std::string_view name);

  private:
    struct Rate {
        double records = 1000;
        double bytes = 1 << 20;
        std::int64_t filled_us = 0;
    };
    struct Shard {
        ShardInfo info;
        std::string prefix;
        Rate rate;
        std::uint64_t trimmed = 0;          ///< records whose items the log has let go of
        std::deque<std::uint64_t> numbers;  ///< received items: of record trimmed + 1, trimmed + 2, …
    };
    struct Stream {
        StreamInfo info;
        std::shared_ptr<const std::string> name;
        std::vector<Shard> shards;
        std::vector<std::uint32_t> open;  ///< by hash range
        std::int64_t active_at_ms = 0;
    };

    Stream* find(std::string_view name);
    Stream& add(std::string_view name, const StreamSettings& settings);
    void open_shards(Stream& stream, std::size_t count);
    Shard& shard_for(Stream& stream, HashKey key);
    bool within_rate(Shard& shard, std::size_t bytes, std::int64_t now_us);
    AwsResult<Shard*> find_shard(std::string_view name, std::uint32_t shard);
    StreamInfo info_of(const Stream& stream) const;

    const Options options_;
    ReceivedLog& received_;
    FaultInjector& faults_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Stream, std::less<>> streams_;
    std::set<std::string, std::less<>> deleted_;
};

}  // namespace sluice::sandbox
