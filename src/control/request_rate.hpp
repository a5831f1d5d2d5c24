#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace sluice {

/// How many requests a second are let through in the long run, and how many at once.
struct RateLimit {
    std::uint32_t per_second = 0;  ///< 0: no limit
    std::uint32_t burst = 0;       ///< 0: as many as in a second

    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

/// Lets requests through at a rate (the generic cell rate algorithm: one number says when the bucket will be full
/// again). Exact over all shards, and no lock: one compare-and-swap a request. Thread: any.
class RequestRate {
  public:
    explicit RequestRate(RateLimit limit) noexcept;

    /// Counts a request and lets it through (nullopt), or says how long until the next one may come.
    std::optional<std::chrono::nanoseconds> take(SteadyTime now) noexcept;
    const RateLimit& limit() const noexcept { return limit_; }

  private:
    RateLimit limit_;
    std::int64_t interval_ns_ = 0;
    std::int64_t tolerance_ns_ = 0;
    std::atomic<std::int64_t> full_again_{0};
};

/// Bounds failed authentications by remote address, so that guessing is slow. A table of fixed size: addresses that
/// fall into one place (which ones is chosen anew at each start) share a bound. IPv6 addresses count by their /64.
/// Thread: any.
class FailureBound {
  public:
    explicit FailureBound(std::uint32_t per_minute);  ///< 0: no bound

    /// How long until this address may fail again; nullopt when it may now.
    std::optional<std::chrono::nanoseconds> wait_of(std::string_view address, SteadyTime now) const noexcept;
    void count(std::string_view address, SteadyTime now) noexcept;
    std::uint32_t per_minute() const noexcept { return per_minute_; }

  private:
    static constexpr std::size_t kPlaces = 16384;
    std::size_t place_of(std::string_view address) const noexcept;

    std::uint32_t per_minute_;
    std::uint64_t seed_;
    std::unique_ptr<std::array<std::atomic<std::int64_t>, kPlaces>> full_again_;
};

}  // namespace sluice
