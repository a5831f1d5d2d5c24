#include "delivery/settled_ranges.hpp"

#include <algorithm>

namespace sluice {

Result<std::uint64_t> count_unsettled(const EventLog& log, const EventFilter& filter, const Cursor& cursor,
                                      Sequence to) {
    Sequence from = std::max(cursor.position.sequence + 1, log.stats(cursor.position.partition).oldest);
    std::uint64_t total = 0;
    auto count = [&](Sequence first, Sequence last) -> Result<void> {
        if (first > last) return {};
        Result<std::uint64_t> counted = log.count(cursor.position.partition, first, last, filter);
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
