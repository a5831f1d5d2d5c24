#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"
#include "sandbox/iot_hub/hub_access.hpp"

namespace sluice::sandbox {

/// A refusal over HTTPS. Codes as Microsoft's "Understand and resolve Azure IoT Hub errors" lists them.
struct HubError {
    int status = 500;
    std::string name = "ServerError";
    std::string message;
};

HubError argument_invalid(std::string message);
HubError not_authorized(HubRefusal refusal);
HubError device_not_found(std::string_view name);

/// `{"Message":"ErrorCode:DeviceNotFound;…","ExceptionMessage":"Tracking ID:…"}`, and the name in the header
/// `iothub-errorcode`: over HTTPS the service does not tell the numbers.
http::Response to_response(const HubError& error, Timestamp now);

}  // namespace sluice::sandbox
