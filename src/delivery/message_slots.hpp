#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "delivery/lane.hpp"
#include "destination/destination.hpp"
#include "event/event.hpp"
#include "event/payload.hpp"
#include "event/text_template.hpp"

namespace sluice {

/// The bytes behind a lane's slots: each event with its key, its target and what is delivered of it. Strings are used
/// again with their slots, so that an event in steady state allocates nothing here. Thread: the integration's shard.
class MessageSlots {
  public:
    /// `destination` outlives it. `keyed`: events of one key are kept in order. Where they are not, a key that is not
    /// the default is still the destination's to spread events by.
    MessageSlots(const Destination& destination, PayloadRenderer renderer, TextTemplate key, bool keyed);

    /// What the lane needs to know of an event, and why it can never be delivered, if so.
    struct Prepared {
        LaneEvent event;
        std::shared_ptr<const Failure> undeliverable;
    };
    /// Works out key, target, body and size. The result waits for keep().
    Prepared prepare(const Event& event);
    /// What was prepared last belongs to `slot`.
    void keep(SlotIndex slot);
    /// It stays for a while: it must not keep a whole request or page in memory, most of which is delivered. Nobody
    /// looks at its message meanwhile.
    void take_own_bytes(SlotIndex slot);
    /// Lets the bytes go.
    void release(SlotIndex slot) noexcept;

    /// None of them is in use: their memory goes.
    void forget_slots() { std::vector<std::unique_ptr<Held>>().swap(slots_); }

    const Event& event(SlotIndex slot) const noexcept { return slots_[slot]->event; }
    /// Valid until the slot is released, whatever other slots are kept meanwhile.
    Message message(SlotIndex slot) const noexcept;

    const std::string& target_name(TargetIndex index) const noexcept { return target_names_[index]; }
    /// The index of a target by name, made when new.
    TargetIndex target_index(std::string_view name);
    std::uint64_t key_hash(const Event& event);
    std::size_t target_count() const noexcept { return by_name_.size(); }
    /// Forgets the names of targets that `is_idle(index)`, so that templates cannot grow the table without end. Looks
    /// at them only once there are twice as many as the last look left: what is not idle (thousands that refuse, say)
    /// is not gone through after every batch.
    template <class F>
    void forget_idle_targets(F&& is_idle) {
        if (by_name_.size() <= targets_before_look_) return;
        for (auto at = by_name_.begin(); at != by_name_.end();) {
            if (!is_idle(at->second)) {
                ++at;
                continue;
            }
            free_targets_.push_back(at->second);
            at = by_name_.erase(at);
        }
        targets_before_look_ = std::max(kTargetsKept, by_name_.size() * 2);
    }

  private:
    /// So many names are kept without a look at who is idle.
    static constexpr std::size_t kTargetsKept = 1024;

    struct Held {
        Event event;
        std::string key;
        std::string rendered;   ///< the body, where it is not a part of the stored bytes
        std::string_view body;  ///< into the event's bytes; unused when rendered
        TargetIndex target = 0;
        bool is_rendered = false;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };

    std::string_view key_of(const Held& held) const noexcept;
    Message message_of(const Held& held) const noexcept;

    const Destination& destination_;
    PayloadRenderer renderer_;
    TextTemplate key_;
    bool keyed_;
    bool has_key_;
    Held next_;
    /// Each where it was made, for as long as it lives: a short text lies within its string, and a destination that is
    /// still sending looks at it.
    std::vector<std::unique_ptr<Held>> slots_;
    std::string target_text_;
    std::deque<std::string> target_names_;  ///< by index; names stay where they are
    std::unordered_map<std::string, TargetIndex, TextHash, std::equal_to<>> by_name_;
    std::vector<TargetIndex> free_targets_;
    std::size_t targets_before_look_ = kTargetsKept;
};

}  // namespace sluice
