#include "delivery/unsettled_events.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace sluice {

UnsettledEvents::UnsettledEvents(Sequence position, std::vector<SequenceRange> settled_beyond)
    : read_position_(position), ahead_(std::move(settled_beyond)) {
    advance(position);
}

void UnsettledEvents::advance(Sequence to) {
    read_position_ = std::max(read_position_, to);
    for (; next_ahead_ < ahead_.size() && ahead_[next_ahead_].first <= read_position_ + 1; ++next_ahead_) {
        read_position_ = std::max(read_position_, ahead_[next_ahead_].last);
        // With nothing unsettled before it, the range is simply part of the position.
        if (newest_ != kNoSlot && nodes_[newest_].settled_after++ == 0) ++ranges_;
    }
}

bool UnsettledEvents::add(SlotIndex slot, Sequence sequence) {
    if (sequence > read_position_ + 1 || next_ahead_ < ahead_.size()) advance(sequence - 1);
    if (sequence <= read_position_) return false;
    if (slot >= nodes_.size()) nodes_.resize(slot + 1);
    nodes_[slot] = Node{sequence, newest_, kNoSlot, 0};
    (newest_ == kNoSlot ? oldest_ : nodes_[newest_].newer) = slot;
    newest_ = slot;
    ++size_;
    read_position_ = sequence;
    if (next_ahead_ < ahead_.size()) advance(sequence);
    return true;
}

void UnsettledEvents::settle(SlotIndex slot) {
    const Node node = nodes_[slot];
    SLUICE_ASSERT(size_ > 0 && node.sequence != 0, "an event is settled once");
    if (node.settled_after > 0) --ranges_;
    if (node.older == kNoSlot) {
        oldest_ = node.newer;  // what was settled after it now lies before the position
    } else {
        Node& older = nodes_[node.older];
        if (older.settled_after == 0) ++ranges_;
        older.settled_after += 1 + node.settled_after;
        older.newer = node.newer;
    }
    (node.newer == kNoSlot ? newest_ : nodes_[node.newer].older) = node.older;
    nodes_[slot].sequence = 0;
    --size_;
}

void UnsettledEvents::give_back_memory() {
    SLUICE_ASSERT(size_ == 0, "what is unsettled is kept");
    std::vector<Node>().swap(nodes_);
}

std::vector<SequenceRange> UnsettledEvents::settled_beyond() const {
    std::vector<SequenceRange> ranges;
    ranges.reserve(range_count());
    std::size_t left = ranges_;
    for (SlotIndex slot = oldest_; slot != kNoSlot && left > 0; slot = nodes_[slot].newer) {
        const Node& node = nodes_[slot];
        if (node.settled_after == 0) continue;
        Sequence end = node.newer == kNoSlot ? read_position_ : nodes_[node.newer].sequence - 1;
        ranges.push_back({node.sequence + 1, end});
        --left;
    }
    ranges.insert(ranges.end(), ahead_.begin() + static_cast<std::ptrdiff_t>(next_ahead_), ahead_.end());
    return ranges;
}

}  // namespace sluice
