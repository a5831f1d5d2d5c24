#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice {

/// How long to wait before trying again: doubling from `first` to `most`, the upper half of it random, so that what
/// failed together does not come back together. Deterministic for a seed.
class Backoff {
  public:
    using Duration = std::chrono::nanoseconds;

    Backoff(Duration first, Duration most, std::uint64_t seed)
        : first_(std::max(first, Duration(1))), most_(std::max(most, Duration(1))), state_(seed) {}

    /// The wait after the `failures`-th failure in a row (from 1).
    Duration after(std::uint32_t failures) {
        Duration full = most_;
        if (std::uint32_t doublings = failures > 0 ? failures - 1 : 0;
            doublings < 32 && first_ < most_ / (1LL << doublings))
            full = first_ * (1LL << doublings);
        auto half = full.count() / 2;
        return Duration(full.count() - half + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(half + 1)));
    }

  private:
    /// splitmix64
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    Duration first_;
    Duration most_;
    std::uint64_t state_;
};

}  // namespace sluice
