#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace sluice {

/// A clock that moves only when told to. For tests and simulators.
class FakeClock final : public Clock {
  public:
    explicit FakeClock(Timestamp start = from_epoch_ms(1'700'000'000'000)) : start_(start) {}

    Timestamp now() const override { return start_ + std::chrono::duration_cast<std::chrono::milliseconds>(elapsed()); }
    SteadyTime steady_now() const override { return SteadyTime(elapsed()); }

    void advance(std::chrono::nanoseconds by) { elapsed_ns_ += by.count(); }

  private:
    std::chrono::nanoseconds elapsed() const { return std::chrono::nanoseconds(elapsed_ns_.load()); }

    Timestamp start_;
    std::atomic<std::int64_t> elapsed_ns_{0};
};

}  // namespace sluice
