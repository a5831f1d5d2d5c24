#include "delivery/lost_ranges.hpp"

#include <algorithm>

namespace sluice {

namespace {

/// They are for people.
constexpr std::size_t kMaxLostRanges = 64;

}  // namespace

void note_lost(std::vector<SequenceRange>& ranges, Sequence first, Sequence last) {
    if (!ranges.empty() && ranges.back().last + 1 >= first) {
        ranges.back().last = std::max(ranges.back().last, last);
        return;
    }
    ranges.push_back({first, last});
    if (ranges.size() > kMaxLostRanges) {
        ranges[1].first = ranges[0].first;
        ranges.erase(ranges.begin());
    }
}

std::uint64_t lose_before(Cursor& cursor, Sequence oldest) {
    Sequence first = cursor.position.sequence + 1;
    if (oldest <= first) return 0;
    std::uint64_t lost = oldest - first;
    std::vector<SequenceRange>& ranges = cursor.settled_beyond;
    for (const SequenceRange& range : ranges) {
        if (range.first >= oldest) break;
        lost -= std::min(range.last, oldest - 1) - range.first + 1;
    }
    cursor.position.sequence = oldest - 1;
    auto beyond = ranges.begin();
    for (; beyond != ranges.end() && beyond->first <= cursor.position.sequence + 1; ++beyond)
        cursor.position.sequence = std::max(cursor.position.sequence, beyond->last);
    ranges.erase(ranges.begin(), beyond);
    cursor.ledger.lost += lost;
    if (lost > 0) note_lost(cursor.lost, first, oldest - 1);
    return lost;
}

}  // namespace sluice
