#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/log_position.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

/// Index of an event within its lane; used again once the event is settled and its bytes are let go.
using SlotIndex = std::uint32_t;
inline constexpr SlotIndex kNoSlot = ~SlotIndex(0);

/// Which events of one integration are read and not yet settled, in the log's order, and from them how far its cursor
/// is: the position before the oldest of them and the settled ranges between them. Every step is O(1); only the ranges
/// are gathered when asked for. Thread: the lane's.
class UnsettledEvents {
  public:
    /// Takes up where a stored cursor stands.
    UnsettledEvents(Sequence position, std::vector<SequenceRange> settled_beyond);

    /// Everything up to here was added, does not match, or was settled before.
    Sequence read_position() const noexcept { return read_position_; }
    /// Everything up to here is settled or does not match.
    Sequence position() const noexcept { return oldest_ == kNoSlot ? read_position_ : nodes_[oldest_].sequence - 1; }
    /// Sorted, disjoint, not touching, all beyond position() + 1: each holds at least one settled event.
    std::vector<SequenceRange> settled_beyond() const;
    /// How many ranges settled_beyond() would give.
    std::size_t range_count() const noexcept { return ranges_ + (ahead_.size() - next_ahead_); }

    /// True while reading goes through what a former life had read: the events met there are few and were held before.
    bool rereading() const noexcept { return next_ahead_ < ahead_.size(); }

    std::size_t size() const noexcept { return size_; }
    SlotIndex oldest() const noexcept { return oldest_; }
    SlotIndex newer(SlotIndex slot) const noexcept { return nodes_[slot].newer; }
    Sequence sequence(SlotIndex slot) const noexcept { return nodes_[slot].sequence; }

    /// Nothing (more) up to `to` matches. Steps over ranges that were settled before.
    void advance(Sequence to);
    /// Adds the next event; false when it was settled before. Sequences only grow.
    bool add(SlotIndex slot, Sequence sequence);
    void settle(SlotIndex slot);
    /// While there are none: lets go of the memory for as many as there once were.
    void give_back_memory();

  private:
    struct Node {
        Sequence sequence = 0;
        SlotIndex older = kNoSlot;
        SlotIndex newer = kNoSlot;
        /// Settled events between this one and the next newer one: a range when not zero.
        std::uint32_t settled_after = 0;
    };

    std::vector<Node> nodes_;  ///< by slot
    SlotIndex oldest_ = kNoSlot;
    SlotIndex newest_ = kNoSlot;
    std::size_t size_ = 0;
    std::size_t ranges_ = 0;  ///< nodes with settled_after
    Sequence read_position_;
    std::vector<SequenceRange> ahead_;  ///< settled in a former life, not yet reached by reading
    std::size_t next_ahead_ = 0;
};

}  // namespace sluice
