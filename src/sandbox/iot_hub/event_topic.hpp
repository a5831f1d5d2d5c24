#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sandbox/iot_hub/hub_identity.hpp"

namespace sluice::sandbox {

/// Names and values, decoded, in the order in which they were sent.
using HubProperties = std::vector<std::pair<std::string, std::string>>;

/// `devices/{id}[/modules/{m}]/messages/events/{property bag}`: where a device publishes its telemetry.
struct EventTopic {
    HubIdentity identity;
    HubProperties properties;
};
/// Errors say what a hub, which only disconnects, does not: that the topic is another, that an escape is broken, that a
/// character should have been escaped, that a name is empty or given twice, that what is escaped is not UTF-8.
Result<EventTopic> parse_event_topic(std::string_view topic);

/// `k=v` joined by `&`, both percent-encoded; a name alone has an empty value; nothing at all is no properties.
Result<HubProperties> parse_property_bag(std::string_view bag);

}  // namespace sluice::sandbox
