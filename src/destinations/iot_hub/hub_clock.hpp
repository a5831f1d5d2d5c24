#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice::iot_hub {

/// The hub's time, as far as it is known: this machine's, until an answer of the hub shows that it is off. A token is
/// valid by the hub's time, and over MQTT a wrong clock looks like a wrong key: so when credentials are refused, the
/// hub's HTTPS side is asked what time it is. Ownership: the destination's. Thread: its shard.
class HubClock {
  public:
    /// From this on the clock is taken to be what is wrong.
    static constexpr std::chrono::minutes kLeast{4};
    /// How often the hub is asked at most.
    static constexpr std::chrono::minutes kPause{5};

    explicit HubClock(const Clock& clock) : clock_(clock) {}

    Timestamp now() const { return clock_.now() + offset_; }
    std::chrono::milliseconds offset() const noexcept { return offset_; }

    /// From the Date of an answer. True when this clock was off and now is not.
    bool learn(std::string_view date);

    enum class Comparison { not_made, agrees, was_off };
    /// Asks `hub` what time it is, unless it was asked a moment ago: then, and when it does not answer, `not_made`.
    boost::asio::awaitable<Comparison> compare(boost::asio::io_context& io, Endpoint hub, ConnectOptions connect,
                                               Deadline deadline);

  private:
    const Clock& clock_;
    std::chrono::milliseconds offset_{0};
    std::optional<SteadyTime> asked_at_;
};

}  // namespace sluice::iot_hub
