#pragma once

#include <chrono>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "destinations/iot_hub/device_string.hpp"

namespace sluice::iot_hub {

/// A token for one connection, and for how long that connection is good.
struct MintedToken {
    Secret token;
    /// After this it is time for another: between 75 and 85 % of the lifetime, a different part for each device, so
    /// that a thousand of them do not come back at once. Never, for a token that was given and cannot be renewed.
    std::chrono::milliseconds use_for = std::chrono::milliseconds::max();
};

/// `now` is the hub's time. A token that was given is handed out as it is.
MintedToken mint_token(const Device& device, Timestamp now, std::chrono::seconds lifetime);

}  // namespace sluice::iot_hub
