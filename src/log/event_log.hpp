#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "base/log_position.hpp"
#include "base/result.hpp"
#include "event/codec.hpp"
#include "event/event.hpp"
#include "event/filter.hpp"

namespace sluice {

/// Where a durable batch ended up.
struct AppendReceipt {
    Partition partition = 0;
    Sequence first = 0;
    Sequence last = 0;
    Timestamp time{};  ///< of commit; the same for all events of one sync, never decreasing
};

/// What one sync made durable, in the log's order: fed to the object index and to the router, once.
struct CommittedBatch {
    Partition partition = 0;
    Sequence first = 0;
    Sequence last = 0;
    std::vector<Event> events;
};

struct ReadRequest {
    Partition partition = 0;
    Sequence from = 1;                    ///< first sequence wanted
    Sequence to = ~Sequence(0);           ///< last sequence wanted
    const EventFilter* filter = nullptr;  ///< nullptr: everything; must outlive the call
    std::size_t max_events = 1000;
    std::size_t max_bytes = 4 << 20;  ///< of record bodies; one event is returned even when it is larger
};

struct ReadPage {
    std::vector<Event> events;  ///< those that match, in order
    Sequence next = 1;          ///< where to go on: everything before it was returned or does not match
    bool at_end = false;        ///< `next` is past the head as it was, or past `to`
    /// The oldest sequence kept. When `from` was older, [from, oldest) is gone and was not searched.
    Sequence oldest = 1;
};

struct LogStats {
    Sequence head = 0;                  ///< last durable sequence; 0 when nothing was ever written
    Sequence oldest = 1;                ///< first sequence kept; head + 1 when nothing is kept
    std::uint64_t bytes = 0;            ///< on disk, recycled segments not counted
    std::uint64_t syncs = 0;            ///< since start
    std::uint64_t appended_events = 0;  ///< since start
    std::uint64_t appended_bytes = 0;   ///< record bodies, since start
    std::uint64_t device_bytes = 0;     ///< written to the device, since start
    std::uint64_t waiting_bytes = 0;    ///< accepted, not yet durable
    HistogramCounts sync_seconds = {};  ///< how long a sync took, since start
};

/// The durable, ordered store of events: the truth that everything else is derived from. The only place that writes
/// events. Order holds within a partition; the embedded log has one. Nothing above it assumes one total order.
class EventLog {
  public:
    using AppendDone = std::function<void(Result<AppendReceipt>)>;
    using CommitListener = std::function<void(std::shared_ptr<const CommittedBatch>)>;

    virtual ~EventLog() = default;

    virtual Partition partition_count() const = 0;

    /// Appends a batch, all or none. `done` is called exactly once, on a thread of the log's: with a receipt only when
    /// the batch is on stable storage. Errors leave nothing behind: Errc::exhausted (disk full, below the free-disk
    /// floor, too much waiting: try later), Errc::too_large, Errc::cancelled (closing). Thread: any.
    virtual void append(EventBatch batch, AppendDone done) = 0;

    /// Called on the log's thread after each sync, in the log's order, before the `done` of the batches in it. Several
    /// may be added, before the first append only; each must return quickly.
    virtual void add_commit_listener(CommitListener listener) = 0;

    /// Blocking reads, for reader threads. Only durable events are seen. Thread: any.
    virtual Result<ReadPage> read(const ReadRequest& request) const = 0;
    /// One event; Errc::not_found when it is gone or not yet there.
    virtual Result<Event> get(LogPosition position) const = 0;
    /// How many events in [from, to] match: from the index, without reading payloads, unless tags are asked for.
    virtual Result<std::uint64_t> count(Partition partition, Sequence from, Sequence to,
                                        const EventFilter& filter) const = 0;
    /// The first sequence committed at or after `time`; head + 1 when there is none.
    virtual Result<Sequence> first_at_or_after(Partition partition, Timestamp time) const = 0;

    virtual LogStats stats(Partition partition = 0) const = 0;

    /// Segments that lie wholly before `keep_from` are deleted or recycled, oldest first; `before` is called for each
    /// with its first and last sequence, and a failure there stops the trim. Blocking. Thread: any, one at a time.
    using BeforeTrim = std::function<Result<void>(Sequence first, Sequence last)>;
    virtual Result<void> trim(Partition partition, Sequence keep_from, const BeforeTrim& before) = 0;
    /// The segments kept, oldest first: for retention by age and size.
    struct SegmentInfo {
        Sequence first = 0;
        Sequence last = 0;
        std::uint64_t bytes = 0;
        Timestamp first_time{};
        Timestamp last_time{};
        bool active = false;
    };
    virtual std::vector<SegmentInfo> segments(Partition partition = 0) const = 0;

    /// Takes no more appends, makes durable what was accepted, stops the threads. Idempotent, blocking.
    virtual void close() = 0;
};

}  // namespace sluice
