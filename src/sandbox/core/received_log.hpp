#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace sluice::sandbox {

/// How much of what was accepted stays in memory.
enum class Keep {
    none,    ///< counts only
    digest,  ///< everything but the bodies: of those, size and CRC-32C
    all,     ///< bodies too; what streams and queues give back to their readers comes from here
};
Result<Keep> parse_keep(std::string_view text);

/// A part of bytes that several items share: one allocation for all bodies of a request.
struct SharedBody {
    std::shared_ptr<const std::string> bytes;
    std::size_t offset = 0;
    std::size_t size = 0;

    std::string_view view() const { return bytes ? std::string_view(*bytes).substr(offset, size) : std::string_view(); }
};

/// One record or message that a stand-in has accepted.
struct ReceivedItem {
    std::uint64_t number = 0;                   ///< 1 for the first accepted by this sandbox, without holes
    std::int64_t time_us = 0;                   ///< of acceptance, UTC
    std::string_view service;                   ///< `kinesis`, `sqs`: lives as long as the process
    std::shared_ptr<const std::string> target;  ///< stream or queue
    std::string place;                          ///< shard; empty where the service has none
    std::string key;                            ///< partition key or message group
    std::string id;                             ///< message id; empty for Kinesis
    std::string sequence;                       ///< as the service answered it; empty for standard queues
    std::string deduplication_id;               ///< of a FIFO queue's message
    std::string attributes;                     ///< raw JSON object of the message's attributes; may be empty
    std::uint32_t crc32c = 0;                   ///< of the body, under Keep::digest
    std::size_t body_size = 0;
    SharedBody body;  ///< empty unless Keep::all
};

/// What the sandbox has accepted, in the order of acceptance, over all services. Bounded in bytes: the oldest items go
/// first. Thread: any.
class ReceivedLog {
  public:
    struct Options {
        Keep keep = Keep::all;
        std::size_t max_bytes = std::size_t{512} << 20;
    };
    struct Counts {
        std::uint64_t items = 0;
        std::uint64_t bytes = 0;
    };
    using CountsByTarget = std::map<std::pair<std::string, std::string>, Counts>;  ///< (service, target)

    ReceivedLog(Options options, const Clock& clock);

    Keep keep() const noexcept { return options_.keep; }
    /// Takes items that belong together (one request's), numbers and times them. Returns the number of the first.
    std::uint64_t append(std::vector<ReceivedItem> items);

    /// nullopt when it never was, was cleared, or had to make room.
    std::optional<ReceivedItem> get(std::uint64_t number) const;
    /// Items from `number` on (or the oldest still kept), at most `limit`.
    std::vector<ReceivedItem> read(std::uint64_t number, std::size_t limit) const;
    /// The number of the oldest item kept; one past the last when none is.
    std::uint64_t first() const;
    /// The number that the next item will get.
    std::uint64_t next() const;
    /// Of everything accepted since start or clear(), kept or not.
    Counts total() const;
    CountsByTarget counts() const;
    /// Forgets items and counts; numbering goes on.
    void clear();

    /// Blocks until `items` have been accepted in all (see total()). False when the time ran out first.
    bool wait_for(std::uint64_t items, std::chrono::steady_clock::duration at_most) const;

    /// Microseconds since the epoch by the sandbox's clock.
    std::int64_t now_us() const;

  private:
    std::size_t cost(const ReceivedItem& item) const;

    const Options options_;
    const Clock& clock_;
    const std::int64_t start_wall_us_;
    const SteadyTime start_steady_;

    mutable std::mutex mutex_;
    mutable std::condition_variable appended_;
    std::deque<ReceivedItem> items_;
    std::uint64_t first_ = 1;
    std::uint64_t next_ = 1;
    std::size_t kept_bytes_ = 0;
    Counts total_;
    CountsByTarget counts_;
};

}  // namespace sluice::sandbox
