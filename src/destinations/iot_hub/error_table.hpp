#pragma once

#include <string_view>

#include "destination/destination.hpp"
#include "mqtt/packet.hpp"

namespace sluice::iot_hub {

/// What an answer of the hub means for a message.
struct Meaning {
    ErrorClass error_class = ErrorClass::transient;
    bool for_good = false;   ///< sending it again cannot help
    bool ambiguous = false;  ///< it may have been stored all the same
    std::string_view hint;
};

/// The one place where the hub's answers get their meaning: over HTTPS, its status and its error code (`404001`, empty
/// when none was told).
Meaning meaning_of(int status, std::string_view code) noexcept;
/// Over MQTT, its answer to CONNECT.
Meaning meaning_of(mqtt::ConnectCode code) noexcept;
/// `not_authorized`: what a refusal is called.
std::string_view name_of(mqtt::ConnectCode code) noexcept;

}  // namespace sluice::iot_hub
