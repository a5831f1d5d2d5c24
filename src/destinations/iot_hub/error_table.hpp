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

/// Who an answer is from. A gateway or a proxy that stands before the hub refuses a request too, and then no message is
/// to blame.
enum class Answerer { hub, unknown };

/// The one place where the hub's answers get their meaning: over HTTPS, its status and its error code (`404001`, empty
/// when none was told).
Meaning meaning_of(int status, std::string_view code, Answerer from) noexcept;
/// The number of an error that is told by its name: `DeviceNotFound` gives `404001`. A name that is not in the table
/// stays as it is.
std::string_view number_of(std::string_view name) noexcept;
/// Over MQTT, its answer to CONNECT.
Meaning meaning_of(mqtt::ConnectCode code) noexcept;
/// `not_authorized`: what a refusal is called.
std::string_view name_of(mqtt::ConnectCode code) noexcept;

}  // namespace sluice::iot_hub
