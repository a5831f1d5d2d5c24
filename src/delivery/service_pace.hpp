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
/// A service that takes so many a second takes no fewer when it is asked for half, or refuses hardly any of that. One
/// that refuses a share of whatever it is asked for does neither: to go slower costs much there and helps nothing.
/// Which it is is found out by asking for half for a while, at the first refusals and now and again later.
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
    void begin_trial(SteadyTime now);
    void watch_trial(std::uint64_t accepted, std::uint64_t throttled, SteadyTime now);
    void end_trial(bool slowing_helps, SteadyTime now);
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
    /// The rate is held while what it brings is counted, then half of it.
    struct Trial {
        enum class Phase { none, whole, half };
        Phase phase = Phase::none;
        SteadyTime since{};
        std::uint64_t requests = 0;
        std::uint64_t accepted = 0;  ///< events
        std::uint64_t throttled = 0;
        double from = 0;           ///< the whole rate
        double accepted_then = 0;  ///< a second, at it
        double refused_then = 0;   ///< a share, at it
    };
    Trial trial_;
    bool slowing_helps_ = true;
    std::uint32_t same_results_ = 0;  ///< of trials, in a row
    SteadyTime believed_until_{};     ///< the latest result
    // What was answered since window_, and in the window before (only until it limits).
    SteadyTime window_{};
    double a_second_ = 0;  ///< events answered in one, as of the window before
    std::uint64_t accepted_ = 0;
    std::uint64_t throttled_events_ = 0;
    std::uint64_t samples_ = 0;  ///< answers that say something of their own: a request refused whole is one
    std::uint64_t accepted_before_ = 0;
};

}  // namespace sluice
