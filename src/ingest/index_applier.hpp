#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "log/event_log.hpp"
#include "store/object_index.hpp"

namespace sluice {

/// Carries what the log commits into the object index, on a thread of its own, in the log's order, and tells writers
/// when their events have arrived there: so a read after an answered write sees it.
///
/// Costs one lock and one wake-up per sync of the log, not per event. What waits is bounded by whoever admits writes
/// (waiting_bytes()). An index that cannot be written is tried again until it can: the log holds the truth meanwhile.
///
/// Thread: any. Lifecycle: constructed before the log's first append; start() after the index has caught up; stop()
/// after the log was closed, applies what is queued.
class IndexApplier {
  public:
    IndexApplier(EventLog& log, ObjectIndex& index);
    ~IndexApplier();
    IndexApplier(const IndexApplier&) = delete;
    IndexApplier& operator=(const IndexApplier&) = delete;

    void start();
    void stop();

    /// Calls `then` once the event at `position` is in the index, or with the reason as soon as the index cannot be
    /// written (the event is durable all the same, and gets there later): now, or later on the applier's thread. It
    /// must return quickly.
    void when_applied(LogPosition position, std::function<void(Result<void>)> then);

    /// Bytes of committed events that are not in the index yet.
    std::uint64_t waiting_bytes() const noexcept { return waiting_bytes_.load(std::memory_order_relaxed); }
    /// Why the index could not be written; nullopt when it can.
    std::optional<Error> last_error() const;
    /// True from the time that the index cannot be written until it has caught up: reads would miss what is durable.
    /// Costs one atomic read.
    bool is_failing() const noexcept { return failing_.load(std::memory_order_relaxed); }

  private:
    struct Waiter {
        LogPosition position;
        std::function<void(Result<void>)> then;
    };
    using Batch = std::shared_ptr<const CommittedBatch>;

    void enqueue(Batch batch);
    void run();
    /// False when it was stopped before the index took the batch.
    bool apply(const CommittedBatch& batch);
    void release_waiters(Partition partition, Sequence applied);
    /// Tells everybody who waits that the index cannot be written.
    void refuse_waiters(const Error& why);
    /// The index is whole again once everything that was queued is in it.
    void note_caught_up();

    ObjectIndex& index_;
    std::thread thread_;
    std::atomic<std::uint64_t> waiting_bytes_{0};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Batch> queue_;
    std::vector<Sequence> applied_;  ///< by partition
    std::vector<Waiter> waiters_;
    std::optional<Error> last_error_;
    std::atomic<bool> failing_{false};
    bool stopping_ = false;
};

}  // namespace sluice
