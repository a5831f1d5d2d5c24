#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/iot_hub/device_registry.hpp"
#include "sandbox/iot_hub/hub_access.hpp"
#include "sandbox/iot_hub/hub_keys.hpp"
#include "sandbox/iot_hub/hub_messages.hpp"

namespace sluice::sandbox {

/// Operations as fault rules name them.
namespace hub_operation {
inline constexpr std::string_view kConnect = "Connect";
inline constexpr std::string_view kPublish = "Publish";
inline constexpr std::string_view kSendMessage = "SendMessage";
inline constexpr std::string_view kReceiveMessage = "ReceiveMessage";
inline constexpr std::string_view kPutDevice = "PutDevice";
inline constexpr std::string_view kGetDevice = "GetDevice";
inline constexpr std::string_view kDeleteDevice = "DeleteDevice";
}  // namespace hub_operation

struct IotHubOptions {
    DeviceRegistry::Options registry;
    std::string policy_key{kSandboxHubPolicyKey};
    /// How long the PUBACK of a throttled message is held back.
    std::chrono::milliseconds throttled_ack_delay{500};
    /// A connection is closed at the throttled message after so many in a row.
    int throttled_in_a_row = 3;
    std::size_t max_connections = 10'000;
};

/// What both ways into the hub share. Thread: any.
struct HubCore {
    HubCore(IotHubOptions given, ReceivedLog& received, FaultInjector& injector, const Clock& time)
        : options(std::move(given)),
          faults(injector),
          clock(time),
          registry(options.registry),
          access(registry, options.policy_key),
          messages(received) {}

    const IotHubOptions options;
    FaultInjector& faults;
    const Clock& clock;
    DeviceRegistry registry;
    HubAccess access;
    HubMessages messages;
};

}  // namespace sluice::sandbox
