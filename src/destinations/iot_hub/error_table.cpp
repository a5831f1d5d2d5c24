#include "destinations/iot_hub/error_table.hpp"

#include <array>

namespace sluice::iot_hub {
namespace {

constexpr std::string_view kDeviceHint =
    "The hub says the same for three reasons. Is the device in the hub, under this very id? Is it enabled there? Is "
    "the "
    "connection string its current one (a key may have been regenerated)?";
constexpr std::string_view kMissingHint =
    "The hub has no such device: it may have been deleted, or the connection string is another hub's.";
constexpr std::string_view kTooLargeHint =
    "The hub takes 256 KB a message, properties included. Send less: payload, redact, properties.";
constexpr std::string_view kThrottledHint =
    "The hub's send rate is used up. More units or a higher tier raise it (docs/destinations/iot_hub.md).";
constexpr std::string_view kQuotaHint =
    "The hub's daily message quota is used up: it takes messages again at 00:00 UTC, or with more units or a higher "
    "tier.";
constexpr std::string_view kFlapHint =
    "Another client connected with this device's identity, and a hub keeps only the newest connection. Give this "
    "integration a device of its own.";
constexpr std::string_view kForbiddenHint =
    "The hub knows the device and does not let it in: check the hub's IP filter and network access, and that the hub "
    "is "
    "active.";
constexpr std::string_view kUnavailableHint = "The hub is not available just now; it is tried again by itself.";
constexpr std::string_view kRejectedHint = "The hub does not accept this message as it is.";
constexpr std::string_view kEndpointHint =
    "That does not answer like an IoT hub: check HostName, and endpoint if it is given.";

constexpr Meaning credentials(std::string_view hint) {
    return {ErrorClass::credentials, false, false, hint};
}
constexpr Meaning throttled(std::string_view hint) {
    return {ErrorClass::throttled, false, false, hint};
}
/// Nothing was stored.
constexpr Meaning passing(std::string_view hint) {
    return {ErrorClass::transient, false, false, hint};
}
/// Stored or not, nobody knows.
constexpr Meaning unclear(std::string_view hint) {
    return {ErrorClass::transient, false, true, hint};
}
constexpr Meaning kMissing{ErrorClass::missing_target, false, false, kMissingHint};
constexpr Meaning kTooLarge{ErrorClass::too_large, true, false, kTooLargeHint};
constexpr Meaning kRejected{ErrorClass::rejected, true, false, kRejectedHint};

struct Known {
    std::string_view code;
    std::string_view name;
    Meaning meaning;
};

// https://learn.microsoft.com/azure/iot-hub/troubleshoot-error-codes. Over HTTPS the hub tells the names.
constexpr std::array kKnown = {
    Known{"400020", "IotHubSuspended", credentials(kForbiddenHint)},
    Known{"400027", "ConnectionForcefullyClosedOnNewConnection", passing(kFlapHint)},
    Known{"401002", "IotHubUnauthorizedAccess", credentials(kDeviceHint)},
    Known{"401003", "IotHubUnauthorized", credentials(kDeviceHint)},
    Known{"403002", "IotHubQuotaExceeded", throttled(kQuotaHint)},
    Known{"403004", "DeviceMaximumQueueDepthExceeded", throttled(kThrottledHint)},
    Known{"404001", "DeviceNotFound", kMissing},
    Known{"404104", "DeviceConnectionClosedRemotely", passing(kFlapHint)},
    Known{"409002", "LinkCreationConflict", passing(kFlapHint)},
    Known{"413001", "MessageTooLarge", kTooLarge},
    Known{"429001", "ThrottlingException", throttled(kThrottledHint)},
};

}  // namespace

std::string_view number_of(std::string_view name) noexcept {
    for (const auto& known : kKnown) {
        if (known.name == name) return known.code;
    }
    return name;
}

Meaning meaning_of(int status, std::string_view code, Answerer from) noexcept {
    for (const auto& known : kKnown) {
        if (known.code == code) return known.meaning;
    }
    switch (status) {
        case 401:
            return credentials(kDeviceHint);
        case 403:
            return credentials(kForbiddenHint);
        case 404:
        case 410:
            return kMissing;
        case 408:
            return unclear(kUnavailableHint);
        case 413:
            return from == Answerer::hub ? kTooLarge : passing(kEndpointHint);
        case 429:
            return throttled(kThrottledHint);
        case 400:
        case 415:
        case 422:
            return from == Answerer::hub ? kRejected : passing(kEndpointHint);
        case 431:
            // Whoever says so: of the headers the message's properties are what may be too long.
            return kRejected;
        default:
            break;
    }
    if (status >= 500) return unclear(kUnavailableHint);
    if (status >= 300) return passing(kEndpointHint);
    return unclear(kEndpointHint);  // a success that a hub does not answer with
}

Meaning meaning_of(mqtt::ConnectCode code) noexcept {
    switch (code) {
        case mqtt::ConnectCode::bad_user_name_or_password:
        case mqtt::ConnectCode::not_authorized:
            return credentials(kDeviceHint);
        case mqtt::ConnectCode::identifier_rejected:
            return credentials("The hub does not take this device id: is it the one of the connection string?");
        case mqtt::ConnectCode::server_unavailable:
            return passing(kUnavailableHint);
        case mqtt::ConnectCode::unacceptable_protocol:
        case mqtt::ConnectCode::accepted:
            break;
    }
    return passing(kEndpointHint);
}

std::string_view name_of(mqtt::ConnectCode code) noexcept {
    switch (code) {
        case mqtt::ConnectCode::accepted:
            return "accepted";
        case mqtt::ConnectCode::unacceptable_protocol:
            return "unacceptable_protocol";
        case mqtt::ConnectCode::identifier_rejected:
            return "identifier_rejected";
        case mqtt::ConnectCode::server_unavailable:
            return "server_unavailable";
        case mqtt::ConnectCode::bad_user_name_or_password:
            return "bad_user_name_or_password";
        case mqtt::ConnectCode::not_authorized:
            break;
    }
    return "not_authorized";
}

}  // namespace sluice::iot_hub
