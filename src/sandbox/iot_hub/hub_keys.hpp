#pragma once

#include <string>
#include <string_view>

#include "sandbox/iot_hub/hub_identity.hpp"

namespace sluice::sandbox {

/// What the sandbox's hub accepts when nothing else is configured. Public on purpose: it opens nothing but a sandbox.
/// The group key is as in an enrolment group of Azure's Device Provisioning Service: every device's key follows from
/// it.
inline constexpr std::string_view kSandboxHubGroupKey = "c2x1aWNlL3NhbmRib3graW90LWh1Yi9ncm91cC1rZXk=";
inline constexpr std::string_view kSandboxHubPolicyKey = "c2x1aWNlL3NhbmRib3graW90LWh1Yi9vd25lci1rZXk=";
/// The policy that may do everything, as on every real hub.
inline constexpr std::string_view kHubOwnerPolicy = "iothubowner";
/// May connect as any device.
inline constexpr std::string_view kHubDevicePolicy = "device";
/// A host that no name server knows: an integration for the sandbox has an `endpoint` as well.
inline constexpr std::string_view kSandboxHubHost = "sluice-sandbox.azure-devices.net";
/// Shown at the start, so that there is something to paste; any other id will do as well.
inline constexpr std::string_view kSandboxDevice = "building-1";

/// base64(HMAC-SHA256(group key, `device` or `device/module`)), as "Symmetric key attestation" of the Device
/// Provisioning Service derives it. `group_key` is base64.
std::string derived_hub_key(std::string_view group_key, const HubIdentity& identity);

/// What the portal shows as a device's primary connection string.
std::string device_connection_string(std::string_view host, const HubIdentity& identity, std::string_view key);

}  // namespace sluice::sandbox
