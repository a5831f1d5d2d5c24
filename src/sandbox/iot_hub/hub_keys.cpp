#include "sandbox/iot_hub/hub_keys.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"

namespace sluice::sandbox {

std::string derived_hub_key(std::string_view group_key, const HubIdentity& identity) {
    auto key = base64_decode(group_key).value_or(std::string(group_key));
    return base64_encode(as_view(hmac_sha256(key, identity.name())));
}

std::string device_connection_string(std::string_view host, const HubIdentity& identity, std::string_view key) {
    auto module = identity.module.empty() ? std::string() : ";ModuleId=" + identity.module;
    return fmt::format("HostName={};DeviceId={}{};SharedAccessKey={}", host, identity.device, module, key);
}

}  // namespace sluice::sandbox
