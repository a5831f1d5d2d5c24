#pragma once

#include <algorithm>
#include <cstddef>

namespace sluice {

/// What all integrations of a shard may hold together, shared evenly between those that hold much: with a few of them
/// each has all that one may have, with thousands a small part of it. Thread: the shard's.
class ShardBudget {
  public:
    struct Share {
        std::size_t memory_bytes = 0;
        std::size_t held_events = 0;
    };
    /// What any integration may hold, however many there are.
    static constexpr Share kLight{256 << 10, 1000};

    ShardBudget(Share whole, Share most) : whole_(whole), most_(most) {}

    static bool is_heavy(const Share& held) noexcept {
        return held.memory_bytes > kLight.memory_bytes || held.held_events > kLight.held_events;
    }
    void add_heavy() noexcept { ++heavy_; }
    void remove_heavy() noexcept { --heavy_; }

    /// Of each of them.
    Share share() const noexcept {
        std::size_t many = std::max<std::size_t>(heavy_, 1);
        return {within(whole_.memory_bytes / many, kLight.memory_bytes, most_.memory_bytes),
                within(whole_.held_events / many, kLight.held_events, most_.held_events)};
    }

  private:
    static std::size_t within(std::size_t value, std::size_t least, std::size_t most) noexcept {
        return std::min(std::max(value, least), most);
    }

    Share whole_;
    Share most_;
    std::size_t heavy_ = 0;
};

}  // namespace sluice
