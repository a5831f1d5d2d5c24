#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "destination/destination.hpp"
#include "destinations/iot_hub/device_string.hpp"
#include "destinations/iot_hub/error_table.hpp"
#include "destinations/iot_hub/hub_clock.hpp"
#include "destinations/iot_hub/session_history.hpp"
#include "http/client.hpp"
#include "mqtt/connection.hpp"
#include "net/endpoint.hpp"

namespace sluice::iot_hub {

// What the hub answered, or did not, as people and the lane are told. Pure.

/// What the hub says of an error over HTTPS.
struct HubError {
    std::string code;     ///< `404001`, or a name that has no number here; empty when none was told
    std::string message;  ///< the hub's own words, bounded and printable
    Answerer from = Answerer::unknown;
};
/// `name` is the header iothub-errorcode. The hub writes `{"Message":"ErrorCode:DeviceNotFound;…"}`, with JSON that has
/// a number in place of the name, or behind it.
HubError read_hub_error(std::string_view body, std::string_view name = {});

/// The verdict for a POST that was answered: accepted for 204 and nothing else.
Verdict verdict_of_reply(const http::ClientResponse& reply, std::string_view target);

/// Why a device is not connected. A network that leads nowhere concerns the whole destination, a refusal the device.
Failure failure_of_open(const mqtt::OpenError& error, const Endpoint& endpoint, std::string_view target);
/// The hub refused these credentials: says what the clock has to do with it, and the token.
void explain_refusal(Failure& failure, const Device& device, HubClock::Comparison clock, Timestamp now);
/// The device is connected already, by another integration of this process, or by this one as it was before a change.
Failure device_in_use(const Device& device, std::string_view target, bool by_this_integration);
/// Why messages that were to be sent, or were, are not acknowledged.
Failure failure_of_loss(const mqtt::Lost& lost, SessionHistory::Diagnosis diagnosis, std::string_view target);

}  // namespace sluice::iot_hub
