#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sandbox {

/// Who speaks to a hub: a device, or a module of one.
struct HubIdentity {
    std::string device;
    std::string module;  ///< empty: the device itself

    /// `device` or `device/module`: an MQTT client id, and the name in the registry.
    std::string name() const { return module.empty() ? device : device + "/" + module; }
    friend auto operator<=>(const HubIdentity&, const HubIdentity&) = default;
};

/// 1 to 128 of the characters that Microsoft's "Identity registry" page lists: letters, digits and
/// `-:.+%_#*?!(),=@;$'`.
bool is_valid_hub_id(std::string_view id) noexcept;

/// `device[/module]`; nullopt when a part is no valid id.
std::optional<HubIdentity> parse_client_id(std::string_view client_id);

/// The user name of an MQTT CONNECT: `host/device[/module]/?api-version=2021-04-12[&DeviceClientType=…]`.
struct HubUserName {
    std::string host;
    HubIdentity identity;
    std::string api_version;
    std::string client_type;  ///< decoded; may be empty
};
/// nullopt for anything else: the hub answers "bad user name or password".
std::optional<HubUserName> parse_user_name(std::string_view user_name);

}  // namespace sluice::sandbox
