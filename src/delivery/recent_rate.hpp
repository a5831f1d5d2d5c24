#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace sluice {

/// Events a second over the last minute. Counts into twelve spans of five seconds; no timer, no allocation.
/// Thread: its owner's.
class RecentRate {
  public:
    void add(std::uint64_t events, SteadyTime now) {
        move_to(span_of(now), now);
        counts_[static_cast<std::size_t>(last_) % kSpans] += events;
    }
    /// Over the time since the first add() while that is less than a minute ago.
    double per_second(SteadyTime now) const {
        if (last_ < 0) return 0;
        const std::int64_t current = span_of(now);
        std::uint64_t events = 0;
        for (std::int64_t span = std::max<std::int64_t>(current - kSpans + 1, 0); span <= last_; ++span)
            if (span > last_ - kSpans) events += counts_[static_cast<std::size_t>(span) % kSpans];
        // The oldest span counted is whole, the current one has only begun.
        auto begun = std::max(first_, SteadyTime(kSpan * (current - kSpans + 1)));
        return static_cast<double>(events) / std::max(1.0, std::chrono::duration<double>(now - begun).count());
    }

  private:
    static constexpr std::int64_t kSpans = 12;
    static constexpr std::chrono::seconds kSpan{5};

    static std::int64_t span_of(SteadyTime at) { return at.time_since_epoch() / kSpan; }
    void move_to(std::int64_t span, SteadyTime now) {
        if (last_ < 0) {
            first_ = now;
            last_ = span;
        }
        for (std::int64_t each = std::max(last_ + 1, span - kSpans + 1); each <= span; ++each)
            counts_[static_cast<std::size_t>(each) % kSpans] = 0;
        last_ = std::max(last_, span);
    }

    std::array<std::uint64_t, kSpans> counts_{};
    std::int64_t last_ = -1;
    SteadyTime first_{};
};

}  // namespace sluice
