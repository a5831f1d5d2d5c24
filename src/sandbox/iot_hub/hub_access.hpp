#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "sandbox/iot_hub/device_registry.hpp"

namespace sluice::sandbox {

/// A shared access signature as it was sent.
struct SasToken {
    std::string encoded_resource;  ///< what was signed
    std::string resource;          ///< decoded: `host/devices/id`
    std::string signature;         ///< base64
    std::string expiry_text;
    Timestamp expires{};
    std::string policy;  ///< `skn`; empty for a device's own key
};
/// `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`, its fields in any order, each once. nullopt for anything else.
std::optional<SasToken> parse_sas_token(std::string_view text);

/// Why a hub would not let a caller in.
enum class HubRefusal {
    malformed_token,
    unknown_device,
    disabled_device,
    wrong_scope,  ///< the token is for another resource
    wrong_key,
    expired,
    unknown_policy,
    missing_right,  ///< the policy may not do this
};
std::string_view to_string(HubRefusal refusal) noexcept;

/// Checks shared access signatures as a hub does: the resource, the keys of the device or policy, then the clock.
/// Thread: any.
class HubAccess {
  public:
    struct Admission {
        Timestamp expires{};
    };
    using Result = boost::system::result<Admission, HubRefusal>;

    HubAccess(const DeviceRegistry& registry, std::string policy_key)
        : registry_(registry), policy_key_(std::move(policy_key)) {}

    /// `host`: the hub's name that the token must be for; empty: any, since one registry stands in for all hubs.
    Result as_device(std::string_view token, std::string_view host, const HubIdentity& identity, Timestamp now) const;
    /// For what only a policy's key opens: the registry.
    Result as_service(std::string_view token, std::string_view path, Timestamp now) const;

  private:
    const DeviceRegistry& registry_;
    const std::string policy_key_;
};

}  // namespace sluice::sandbox
