#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice::iot_hub {

/// A device (or a module of one) as its connection string names it. Plain value.
struct Device {
    std::string host;     ///< HostName: in the user name and the signature, whatever is connected to
    std::string gateway;  ///< GatewayHostName: connected to in its place; empty without
    std::string id;
    std::string module;  ///< empty for a device
    Secret key;          ///< decoded; empty where a token was given
    Secret token;        ///< SharedAccessSignature, as given; empty where a key was
    std::optional<Timestamp> token_expires;

    /// `device` or `device/module`: MQTT's client id, and what people are told.
    std::string name() const;
    /// What a token is for: `host/devices/id[/modules/module]`.
    std::string resource() const;
    const std::string& connect_host() const noexcept { return gateway.empty() ? host : gateway; }
};

/// Reads a device's *Primary Connection String* as Azure's portal shows it, white space and quotes around it forgiven.
/// The message says what is wrong with it, by the name of its part, and contains no value:
/// `has SharedAccessKeyName: …`. Refused by name: connection strings of the hub's service side, of Event Hubs, and of
/// devices with certificates.
Result<Device> parse_device_string(std::string_view text);

}  // namespace sluice::iot_hub
