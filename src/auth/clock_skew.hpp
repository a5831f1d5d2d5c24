#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace sluice::auth {

/// How far this machine's clock is from a service's, learnt from answers that refuse a signature for its time.
/// Thread: one shard.
class ClockSkew {
  public:
    /// From this on the clock, not the secret, is taken to be what is wrong.
    static constexpr std::chrono::minutes kLeast{4};

    Timestamp corrected(Timestamp now) const { return now + offset_; }
    std::chrono::milliseconds offset() const noexcept { return offset_; }

    /// For an answer with one of the codes that a wrong clock can cause: compares its Date with the time that was
    /// signed. `signed_with`: the offset when it was; another request may have learnt since. True when they are so far
    /// apart that the clock was why, and one retry, with the offset as it is now, makes sense.
    bool learn(std::string_view code, std::string_view date, Timestamp now, std::chrono::milliseconds signed_with);
    /// The same for an answer whose code has been looked at.
    bool learn(std::string_view date, Timestamp now, std::chrono::milliseconds signed_with);

  private:
    std::chrono::milliseconds offset_{0};
};

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of a Date that servers may send.
std::optional<Timestamp> parse_http_date(std::string_view text);

}  // namespace sluice::auth
