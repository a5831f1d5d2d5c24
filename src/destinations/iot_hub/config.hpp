#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "destination/connection_settings.hpp"
#include "destination/registry.hpp"
#include "destinations/iot_hub/device_string.hpp"
#include "event/text_template.hpp"

namespace sluice::iot_hub {

enum class Transport { mqtt, https };

/// The settings of an IoT Hub destination, validated (product.md, "An integration"). Plain value.
struct Config {
    /// Which device sends an event: the first whose pattern matches the recType. The device of `connection_string`
    /// comes last, with the pattern `**`.
    struct Route {
        std::string pattern;
        std::size_t device = 0;
    };
    std::vector<Device> devices;
    std::vector<std::string> device_names;  ///< as targets: with the host where the devices are of several hubs
    std::vector<Route> routes;
    Transport transport = Transport::mqtt;
    std::vector<std::pair<std::string, TextTemplate>> properties;  ///< beside the event's own
    std::string content_type;                                      ///< of the bodies
    std::string integration;                                       ///< `org/id`; empty: it has no id yet
    /// How long a token that is made for a connection is valid.
    std::chrono::seconds token_lifetime{3600};
    std::optional<Endpoint> endpoint;  ///< in place of every device's own host
    ConnectOptions connect;

    Endpoint endpoint_of(const Device& device) const;
    /// Index of the device that an event of this recType goes to.
    std::optional<std::size_t> device_for(std::string_view rec_type) const;
};

/// Reads and checks everything but what only the hub can tell. The error names the member, and never contains a value
/// of a connection string.
Result<Config> parse_config(const boost::json::object& settings, const DestinationContext& context);

}  // namespace sluice::iot_hub
