#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "log/event_log.hpp"

namespace sluice {

class LogFiles;

struct SegmentLogOptions {
    std::string folder;
    std::uint64_t segment_bytes = 256 << 20;  ///< of one file, preallocated; rounded up to 4 KiB
    /// Accepted and not yet durable, at most; beyond it appends are refused with Errc::exhausted.
    std::uint64_t max_waiting_bytes = 64 << 20;
    std::uint64_t max_record_bytes = 16 << 20;
    /// Below this much free disk appends are refused with Errc::exhausted. 0: only a full disk refuses.
    std::uint64_t min_free_disk = 0;
    std::size_t spare_segments = 4;            ///< files kept for use again after a trim
    std::size_t index_cache_bytes = 64 << 20;  ///< indexes of sealed segments, in memory
    /// What waits is written together up to this size: longer writes are no cheaper, and keep who is in them waiting.
    std::uint64_t max_frame_bytes = 4 << 20;

    const Clock* clock = &SystemClock::instance();
    LogFiles* files = nullptr;  ///< nullptr: the operating system's
    /// Called when a write or a sync failed. nullptr: prints the message and ends the process.
    std::function<void(const std::string& message)> on_fatal;
};

/// The embedded event log: one partition in segment files on the local disk. docs/log-format.md says what they hold.
class SegmentLog final : public EventLog {
  public:
    /// Makes the folder, or recovers the log in it. Errors: Errc::conflict when another process has it open;
    /// Errc::corrupt when acknowledged events are damaged or missing; Errc::unsupported when a newer Sluice wrote it;
    /// Errc::io; Errc::invalid_argument.
    static Result<std::unique_ptr<SegmentLog>> open(SegmentLogOptions options);
    ~SegmentLog() override;

    Partition partition_count() const override { return 1; }
    /// `done` is called on the writer's thread; after close() on the caller's.
    void append(EventBatch batch, AppendDone done) override;
    void add_commit_listener(CommitListener listener) override;
    Result<ReadPage> read(const ReadRequest& request) const override;
    Result<Event> get(LogPosition position) const override;
    Result<std::uint64_t> count(Partition partition, Sequence from, Sequence to,
                                const EventFilter& filter) const override;
    Result<Sequence> first_at_or_after(Partition partition, Timestamp time) const override;
    LogStats stats(Partition partition = 0) const override;
    Result<void> trim(Partition partition, Sequence keep_from, const BeforeTrim& before) override;
    std::vector<SegmentInfo> segments(Partition partition = 0) const override;
    /// Reads go on after it.
    void close() override;

  private:
    class Impl;
    explicit SegmentLog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
