#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/received_log.hpp"
#include "sandbox/iot_hub/event_topic.hpp"
#include "sandbox/iot_hub/hub_identity.hpp"

namespace sluice::sandbox {

/// "Device-to-cloud messages: at most 256 KB", properties included.
inline constexpr std::size_t kMostHubMessageBytes = std::size_t{256} << 10;

/// A message from a device, whichever way it came.
struct HubMessage {
    /// By the names that readers of the hub's built-in endpoint see: `message-id`, `content-type`.
    HubProperties system;
    HubProperties application;
    std::string body;

    /// As the hub counts: the body, the values of system properties, names and values of application properties.
    std::size_t size() const noexcept;
    std::string_view message_id() const noexcept;
};

/// Sorts an MQTT property bag's system properties (`$.mid`, `$.ct`, …) from the application's.
void add_bag_properties(HubMessage& message, HubProperties properties);
/// A header or batch property of HTTPS: `iothub-messageid`, `iothub-app-temperature`. False when it is neither.
bool add_http_property(HubMessage& message, std::string_view name, std::string value);

/// Writes what a hub accepts to the sandbox's log: target is the device, `id` the message's own, `sequence` a number
/// that rises over all devices, `attributes` `{"system":{…},"application":{…}}`. Thread: any.
class HubMessages {
  public:
    explicit HubMessages(ReceivedLog& received) : received_(received) {}

    /// All or none, in order.
    void accept(const HubIdentity& from, std::vector<HubMessage> messages);

  private:
    ReceivedLog& received_;
    std::mutex mutex_;
    std::uint64_t next_sequence_ = 1;
};

}  // namespace sluice::sandbox
