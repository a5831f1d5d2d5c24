#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/result.hpp"
#include "log/log_folder.hpp"
#include "log/segment.hpp"

namespace sluice {

/// The indexes of sealed segments, loaded when asked for; the least recently used go when together they are larger than
/// the bound. Thread: any.
class IndexCache {
  public:
    IndexCache(LogFolder folder, std::size_t bound_bytes) : folder_(std::move(folder)), bound_bytes_(bound_bytes) {}

    /// From memory, else from its file, else by a scan of the segment (and then the file is written again).
    /// Errc::corrupt when the segment no longer holds what it held.
    Result<std::shared_ptr<const SegmentIndex>> get(const Segment& segment);
    /// Where one event is, without loading an index that is not in memory. Unchecked: the record says whether it is
    /// right.
    std::optional<SegmentIndex::Place> peek(const Segment& segment, std::uint32_t ordinal);
    void put(std::uint64_t epoch, std::shared_ptr<const SegmentIndex> index);
    void drop(std::uint64_t epoch);
    std::size_t bytes() const;

  private:
    struct Entry {
        std::uint64_t epoch = 0;
        std::shared_ptr<const SegmentIndex> index;
        std::size_t bytes = 0;
    };

    std::shared_ptr<const SegmentIndex> find(std::uint64_t epoch);
    void drop_locked(std::uint64_t epoch);

    const LogFolder folder_;
    const std::size_t bound_bytes_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_;  ///< most recently used first
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_epoch_;
    std::size_t bytes_ = 0;
};

/// Puts a segment's index into its file, or not: it can always be made again.
void write_index_file(const LogFolder& folder, const std::string& segment_path, const SegmentIndex& index,
                      std::uint64_t epoch, bool sealed);

}  // namespace sluice
