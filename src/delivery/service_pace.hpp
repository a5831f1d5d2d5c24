#pragma once

#include <cstdint>
#include <limits>

#include "base/clock.hpp"

namespace sluice {

/// How many events a second a service takes, learnt from what it refuses as too much. Without limit until it first
/// throttles; then about what it accepted lately, less whenever it refuses more than a little, and more again while it
/// does not: fast far below where it last refused, slowly near it, and without limit again a minute after its last
/// refusal. So a service that takes N a second gets nearly N, and is asked for little more.
///
/// A pure state machine; time never goes backwards between calls. Thread: the lane's.
class ServicePace {
  public:
    static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

    /// What came of one request.
    void answered(std::uint64_t accepted, std::uint64_t throttled, SteadyTime now);

    bool limits() const noexcept { return rate_ > 0; }
    /// Zero while it does not limit.
    double events_per_second() const noexcept { return rate_; }

    /// Events that may be sent now; 0 when it is too early for a batch that is worth it.
    std::uint64_t available(SteadyTime now);
    void take(std::uint64_t events) noexcept {
        if (limits()) tokens_ -= static_cast<double>(events);
    }
    /// When available() is no longer 0; in the past when it is not.
    SteadyTime ready_at() const noexcept;

  private:
    void begin(std::uint64_t accepted, SteadyTime now);
    void slow_down(double refused, SteadyTime now);
    bool slowing_helps(SteadyTime now);
    void speed_up(SteadyTime now);
    void refill(SteadyTime now) noexcept;
    void next_window(SteadyTime now) noexcept;
    double grain() const noexcept;

    double rate_ = 0;
    double refused_at_ = 0;  ///< the rate at which it last throttled; 0: not known
    double tokens_ = 0;
    SteadyTime filled_{};
    SteadyTime slowed_{};
    SteadyTime throttled_{};
    // Whether going slower helps: from which rate that is being tried, and what was accepted a second then.
    double tried_from_ = 0;
    double accepted_then_ = 0;
    std::uint32_t in_vain_ = 0;
    SteadyTime let_be_until_{};
    // What was answered since window_, and in the window before (only until it limits).
    SteadyTime window_{};
    double a_second_ = 0;  ///< events answered in one, as of the window before
    std::uint64_t accepted_ = 0;
    std::uint64_t throttled_events_ = 0;
    std::uint64_t throttled_beside_others_ = 0;  ///< of those: in a request of which something was accepted
    std::uint64_t accepted_before_ = 0;
};

}  // namespace sluice
