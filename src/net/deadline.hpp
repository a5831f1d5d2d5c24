#pragma once

#include <chrono>

namespace sluice {

/// A moment on the steady clock by which an operation must be over. Passed down, so that the parts of an operation
/// share it.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Deadline(Clock::time_point at) : at_(at) {}
    static Deadline after(Clock::duration duration) { return Deadline(Clock::now() + duration); }
    static Deadline never() { return Deadline(Clock::time_point::max()); }

    Clock::time_point at() const noexcept { return at_; }
    bool passed() const noexcept { return Clock::now() >= at_; }
    /// Zero when it has passed.
    Clock::duration remaining() const noexcept;
    Deadline earlier(Clock::duration from_now) const {
        auto other = Clock::now() + from_now;
        return Deadline(other < at_ ? other : at_);
    }

  private:
    Clock::time_point at_;
};

}  // namespace sluice
