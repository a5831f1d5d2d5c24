#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "sandbox/iot_hub/device_registry.hpp"
#include "sandbox/iot_hub/hub_error.hpp"
#include "sandbox/iot_hub/hub_messages.hpp"

namespace sluice::sandbox {

template <class T>
using HubResult = boost::system::result<T, HubError>;

/// What a path of the hub's HTTPS interface asks for.
struct HubRoute {
    enum class What {
        identity,  ///< PUT, GET, DELETE /devices/{id}[/modules/{m}]
        events,    ///< POST /devices/{id}/messages/events
        commands,  ///< GET /devices/{id}/messages/devicebound: there are never any
    };
    What what = What::events;
    HubIdentity identity;
};
/// By the path and method alone; nullopt when it is not the hub's. An event hub that is called `devices` keeps what is
/// its own.
std::optional<HubRoute> hub_route(const http::Request& request);

/// The messages of a POST: one from body and headers, or a batch of
/// `[{"body":"…","base64Encoded":true,"properties":{"iothub-app-k":"v"}}]`, base64 unless it says false.
HubResult<std::vector<HubMessage>> read_messages(http::Request request);

/// The body of PUT /devices/{id}: `{"deviceId":…,"status":"enabled","authentication":{"symmetricKey":{…}}}`.
HubResult<DeviceRegistry::Settings> read_identity(const http::Request& request, const HubIdentity& identity);
/// As the service describes a device to who registers it.
std::string identity_json(const HubIdentity& identity, const HubDevice& device, bool connected);

}  // namespace sluice::sandbox
