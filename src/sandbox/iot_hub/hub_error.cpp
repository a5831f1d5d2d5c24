#include "sandbox/iot_hub/hub_error.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "json/find.hpp"

namespace sluice::sandbox {

HubError argument_invalid(std::string message) {
    return {400, "ArgumentInvalid", std::move(message)};
}

HubError not_authorized(HubRefusal refusal) {
    std::string message(to_string(refusal));
    switch (refusal) {
        case HubRefusal::unknown_device:
        case HubRefusal::disabled_device:
            return {404, "DeviceNotFound", std::move(message)};
        case HubRefusal::missing_right:
        case HubRefusal::malformed_token:
        case HubRefusal::expired:
            return {401, "IotHubUnauthorized", std::move(message)};
        default:
            return {401, "IotHubUnauthorizedAccess", std::move(message)};
    }
}

HubError device_not_found(std::string_view name) {
    return {404, "DeviceNotFound", fmt::format("there is no device {}", name)};
}

http::Response to_response(const HubError& error, Timestamp now) {
    auto tracking = hex_lower(random_bytes(16));
    auto body = "{\"Message\":" + json::quoted(fmt::format("ErrorCode:{};{}", error.name, error.message)) +
                ",\"ExceptionMessage\":" +
                json::quoted(fmt::format("Tracking ID:{}-G:0-TimeStamp:{}", tracking, format_rfc3339(now))) + "}";
    auto response = http::Response::json(error.status, std::move(body));
    response.headers.set("iothub-errorcode", error.name);
    if (error.status == 429 || error.status == 503) response.headers.set("Retry-After", "1");
    return response;
}

}  // namespace sluice::sandbox
