#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "log/event_log.hpp"
#include "log/index_cache.hpp"
#include "log/segment.hpp"

namespace sluice {

/// Finds and reads events: which, by the indexes; their bytes, with one read for neighbours. Every record read is
/// checked. Thread: any; blocks on the disk.
class LogReader {
  public:
    LogReader(const SegmentList& segments, IndexCache& cache) : segments_(segments), cache_(cache) {}

    /// `head`: the last sequence there is to see.
    Result<ReadPage> read(const ReadRequest& request, Sequence head) const;
    Result<Event> get(Sequence sequence, Sequence head) const;
    Result<std::uint64_t> count(Sequence from, Sequence to, const EventFilter& filter, Sequence head) const;
    Result<Sequence> first_at_or_after(Timestamp time, Sequence head) const;

  private:
    struct Wanted {
        std::uint32_t ordinal = 0;
        bool ask_record = false;
        SegmentIndex::Place place;
    };
    struct Budget {
        std::size_t events = 0;
        std::size_t bytes = 0;
    };

    /// The next matches in [first, last] of a segment that fit the budget, at least one when there is one; true when
    /// there may be more.
    Result<bool> plan(const Segment& segment, const EventFilter* filter, std::uint32_t first, std::uint32_t last,
                      Budget budget, bool at_least_one, std::vector<Wanted>& wanted) const;
    /// Reads what was planned. What must be asked of the record itself is asked here. Gives the bytes of the bodies
    /// that became events.
    Result<std::size_t> fetch(const Segment& segment, std::span<const Wanted> wanted, const EventFilter* filter,
                              std::vector<Event>& events) const;
    Result<std::size_t> fetch_run(const Segment& segment, std::span<const Wanted> run, const EventFilter* filter,
                                  std::vector<Event>& events) const;

    const SegmentList& segments_;
    IndexCache& cache_;
};

}  // namespace sluice
