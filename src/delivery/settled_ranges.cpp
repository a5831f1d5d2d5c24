#include "delivery/settled_ranges.hpp"

#include <algorithm>

namespace sluice {

namespace {

struct Matching {
    const EventLog& log;
    const EventFilter& filter;
    Partition partition;

    Result<std::uint64_t> count(Sequence first, Sequence last) const {
        Result<std::uint64_t> counted = log.count(partition, first, last, filter);
        if (counted || counted.error().code != Errc::corrupt) return counted;
        std::uint64_t total = 0;
        for (const EventLog::SegmentInfo& segment : log.segments(partition)) {
            if (segment.last < first || segment.first > last) continue;
            Result<std::uint64_t> some = count_in(std::max(first, segment.first), std::min(last, segment.last));
            if (!some) return some;
            total += *some;
        }
        return total;
    }

  private:
    /// Within one segment.
    Result<std::uint64_t> count_in(Sequence first, Sequence last) const {
        // Asks for the index alone, which is what may be damaged; nothing matches this filter.
        Result<std::uint64_t> indexed = log.count(partition, first, last, EventFilter());
        if (!indexed && indexed.error().code == Errc::corrupt) return last - first + 1;
        if (!indexed) return indexed;
        return count_around_damage(first, last);
    }

    /// By halves, down to the damaged records, of which the index says that they may match.
    Result<std::uint64_t> count_around_damage(Sequence first, Sequence last) const {
        Result<std::uint64_t> counted = log.count(partition, first, last, filter);
        if (counted || counted.error().code != Errc::corrupt) return counted;
        if (first == last) return 1;
        Sequence middle = first + (last - first) / 2;
        Result<std::uint64_t> left = count_around_damage(first, middle);
        if (!left) return left;
        Result<std::uint64_t> right = count_around_damage(middle + 1, last);
        if (!right) return right;
        return *left + *right;
    }
};

}  // namespace

Result<std::uint64_t> count_unsettled(const EventLog& log, const EventFilter& filter, const Cursor& cursor,
                                      Sequence to) {
    Sequence from = std::max(cursor.position.sequence + 1, log.stats(cursor.position.partition).oldest);
    std::uint64_t total = 0;
    Matching matching{log, filter, cursor.position.partition};
    auto count = [&](Sequence first, Sequence last) -> Result<void> {
        if (first > last) return {};
        Result<std::uint64_t> counted = matching.count(first, last);
        if (!counted) return counted.error();
        total += *counted;
        return {};
    };
    for (const SequenceRange& range : cursor.settled_beyond) {
        if (range.last < from) continue;
        if (range.first > to) break;
        if (auto done = count(from, range.first - 1); !done) return done.error();
        from = range.last + 1;
    }
    if (auto done = count(from, to); !done) return done.error();
    return total;
}

}  // namespace sluice
