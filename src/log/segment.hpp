#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/log_files.hpp"
#include "log/record_format.hpp"
#include "log/segment_index.hpp"

namespace sluice {

class IndexCache;

/// One segment in use, as readers share it. The active one grows; a sealed one never changes again.
/// Thread: any; add_frame and seal: the writer's.
class Segment {
  public:
    /// The active one, with its index in memory.
    Segment(const SegmentHeader& header, std::unique_ptr<LogFile> file, std::shared_ptr<SegmentIndex> live);
    /// A sealed one: its index is loaded when asked for.
    Segment(const SegmentHeader& header, std::unique_ptr<LogFile> file, const SegmentExtent& extent);

    const SegmentHeader& header() const noexcept { return header_; }
    const LogFile& file() const noexcept { return *file_; }
    const std::string& path() const noexcept { return file_->path(); }
    SegmentExtent extent() const;
    bool sealed() const;

    void add_frame(const FrameHeader& frame, std::span<const IndexedRecord> records);
    /// Gives the finished index away, for its file and the cache.
    std::shared_ptr<const SegmentIndex> seal();

    /// The index, held still while it is looked at: keep it no longer than that.
    class IndexLease {
      public:
        const SegmentIndex* operator->() const noexcept { return index_.get(); }
        const SegmentIndex& operator*() const noexcept { return *index_; }

      private:
        friend class Segment;
        std::shared_lock<std::shared_mutex> lock_;  ///< empty when sealed
        std::shared_ptr<const SegmentIndex> index_;
    };
    Result<IndexLease> index(IndexCache& cache) const;
    /// Of the active segment only; empty when sealed.
    std::shared_ptr<const SegmentIndex> live_index_for_writer() const { return live_; }

  private:
    const SegmentHeader header_;
    const std::unique_ptr<LogFile> file_;
    mutable std::shared_mutex mutex_;
    std::shared_ptr<SegmentIndex> live_;  ///< null when sealed
    SegmentExtent extent_;                ///< when sealed
};

/// The segments in use, oldest first, without holes between them; the last is the active one.
using Segments = std::vector<std::shared_ptr<Segment>>;

/// Readers take a snapshot; the writer adds, a trim removes. Thread: any.
class SegmentList {
  public:
    std::shared_ptr<const Segments> snapshot() const {
        std::lock_guard lock(mutex_);
        return segments_;
    }
    void push_back(std::shared_ptr<Segment> segment);
    void pop_front();

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Segments> segments_ = std::make_shared<Segments>();
};

}  // namespace sluice
