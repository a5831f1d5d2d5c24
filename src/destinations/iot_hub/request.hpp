#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "destination/destination.hpp"
#include "destinations/iot_hub/config.hpp"
#include "http/client.hpp"
#include "mqtt/packet.hpp"

namespace sluice::iot_hub {

// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-quotas-throttling
/// Of one message: body and properties.
constexpr std::size_t kMaxMessageBytes = 256 << 10;
constexpr std::string_view kMqttApiVersion = "2021-04-12";
constexpr std::string_view kHttpsApiVersion = "2020-03-13";
/// The hub allows up to 1,177 s and closes after one and a half times as long.
constexpr std::uint16_t kKeepAliveSeconds = 240;
/// Of the connection that a test call makes and closes at once.
constexpr std::uint16_t kTestKeepAliveSeconds = 30;

using Property = std::pair<std::string_view, std::string_view>;

/// Whether a property has this value on its way over HTTPS, where it is a header.
bool fits_header(std::string_view value) noexcept;
/// May an application property be called so?
/// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-messages-construct
bool is_property_name(std::string_view name) noexcept;
/// Is it one that every message has (the event's metadata)?
bool is_own_property(std::string_view name) noexcept;

/// `devices/{id}[/modules/{module}]/messages/events/` and the properties as the hub reads them there: names and values
/// percent-encoded (RFC 3986), joined by `&`. The device's id is not encoded.
std::string telemetry_topic(const Device& device, std::span<const Property> properties);
std::string username(const Device& device, std::string_view api_version, std::string_view client_type);
/// A device's CONNECT with this token.
mqtt::Connect connect_packet(const Device& device, const Secret& token, std::uint16_t keep_alive_seconds);

/// The topic of one message: `$.mid` (the event's sequence, the same at every attempt), `$.ct`, `$.ce`, the event's
/// metadata and the integration's own properties. Errc::not_found: a property's template has no value for this event.
Result<std::string> message_topic(const Config& config, const Device& device, const Event& event);

/// What both ways of sending carry beside the body, for Destination::beside().
Result<SentBeside> application_properties(const Config& config, const Event& event);

/// The same message as a POST. Errc::invalid_argument: a property that an HTTP header cannot carry. The body is
/// `message`'s own, which must outlive the request.
Result<http::ClientRequest> message_request(const Config& config, const Device& device, const Message& message,
                                            const Secret& token);

/// Evaluates what message_topic() or message_request() would, to say before whether an event can be sent.
Result<void> check_properties(const Config& config, const Event& event);

/// Body and properties as they stand on the wire: no less than what the hub counts.
std::size_t message_bytes(const Config& config, const Message& message);

}  // namespace sluice::iot_hub
