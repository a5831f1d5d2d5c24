#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "log/append_queue.hpp"
#include "log/free_disk.hpp"
#include "log/segment_writer.hpp"

namespace sluice {

/// Makes what waits in the queue durable: one frame, one write and one sync for all of it; then tells the listeners,
/// then the callers. One thread, so that the log's order is the order of its steps.
class CommitThread {
  public:
    struct Setup {
        AppendQueue& queue;
        SegmentWriter& writer;
        FreeDisk& free_disk;
        std::uint64_t max_frame_bytes = 0;
    };

    explicit CommitThread(const Setup& setup) : setup_(setup) {}
    ~CommitThread() { stop(); }

    /// Before start() only.
    void add_listener(EventLog::CommitListener listener) { listeners_.push_back(std::move(listener)); }
    void start(Sequence head);
    /// Commits what was accepted, then ends. Idempotent. The queue must be closed.
    void stop();

    /// The last sequence that is durable and readable.
    Sequence head() const noexcept { return head_.load(std::memory_order_acquire); }
    std::uint64_t appended_events() const noexcept { return appended_events_.load(std::memory_order_relaxed); }
    std::uint64_t appended_bytes() const noexcept { return appended_bytes_.load(std::memory_order_relaxed); }

  private:
    void run();
    void commit(std::vector<WaitingAppend>& group);
    /// Commits appends of `group` from `begin` on as one frame; gives the first it did not take.
    std::size_t commit_frame(std::vector<WaitingAppend>& group, std::size_t begin);
    bool add_to_frame(WaitingAppend& append);
    void announce(const FrameHeader& frame, const std::vector<WaitingAppend>& group, std::size_t begin,
                  std::size_t end);
    void refuse_from(std::vector<WaitingAppend>& group, std::size_t begin, const Error& error);
    void finish(std::vector<WaitingAppend>& group, std::size_t begin, std::size_t end, const FrameHeader* frame);

    const Setup setup_;
    std::vector<EventLog::CommitListener> listeners_;
    std::thread thread_;
    std::vector<IndexedRecord> records_;  ///< of the frame being made
    std::atomic<Sequence> head_{0};
    std::atomic<std::uint64_t> appended_events_{0};
    std::atomic<std::uint64_t> appended_bytes_{0};
};

}  // namespace sluice
