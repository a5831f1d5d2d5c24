#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice {

/// Wall time, UTC, milliseconds: what envelopes, records and answers carry.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
/// Time that only moves forward: what deadlines and back-off are measured in.
using SteadyTime = std::chrono::steady_clock::time_point;

inline std::int64_t to_epoch_ms(Timestamp time) {
    return time.time_since_epoch().count();
}
inline Timestamp from_epoch_ms(std::int64_t ms) {
    return Timestamp(std::chrono::milliseconds(ms));
}

/// `2026-11-23T14:05:00.123Z`: RFC 3339, UTC, always three decimals.
std::string format_rfc3339(Timestamp time);
/// Writes the 24 bytes of format_rfc3339 to `out` (no terminator), without allocating.
void format_rfc3339_to(Timestamp time, char* out) noexcept;
/// Accepts RFC 3339 with `Z` or an offset and up to nine decimals (cut to ms).
Result<Timestamp> parse_rfc3339(std::string_view text);

/// Where time comes from, so that tests can hold it still.
/// Thread: any.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
    virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
  public:
    Timestamp now() const override;
    SteadyTime steady_now() const override;
    /// One for the whole process.
    static SystemClock& instance();
};

}  // namespace sluice
