#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace sluice {

/// A rate limit. Saves up at most one second's worth; may go into debt for one batch (an event can be larger than a
/// second's bytes), which is paid before the next. Without a rate it never says no.
class TokenBucket {
  public:
    /// `grain`: how much must be there before anything is granted, so that a low rate makes batches, not single events.
    TokenBucket(std::uint64_t per_second, double grain, SteadyTime now)
        : rate_(static_cast<double>(per_second)),
          grain_(std::clamp(grain, 1.0, std::max(rate_, 1.0))),
          tokens_(rate_),
          at_(now) {}

    bool unlimited() const noexcept { return rate_ == 0; }

    /// What may be taken now; 0 when it is less than the grain.
    std::uint64_t available(SteadyTime now) {
        refill(now);
        return tokens_ >= grain_ ? static_cast<std::uint64_t>(tokens_) : 0;
    }
    void take(std::uint64_t amount) noexcept { tokens_ -= static_cast<double>(amount); }

    /// When something will be available, if nothing is taken until then.
    SteadyTime ready_at() const {
        if (unlimited() || tokens_ >= grain_) return at_;
        auto wait = std::chrono::duration<double>((grain_ - tokens_) / rate_);
        return at_ + std::chrono::ceil<std::chrono::microseconds>(wait) + std::chrono::microseconds(1);
    }

  private:
    void refill(SteadyTime now) {
        if (now <= at_) return;
        tokens_ = std::min(rate_, tokens_ + rate_ * std::chrono::duration<double>(now - at_).count());
        at_ = now;
    }

    double rate_;
    double grain_;
    double tokens_;
    SteadyTime at_;
};

}  // namespace sluice
