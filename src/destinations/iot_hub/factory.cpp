#include "destinations/iot_hub/factory.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "destinations/iot_hub/config.hpp"
#include "destinations/iot_hub/https_destination.hpp"
#include "destinations/iot_hub/mqtt_destination.hpp"
#include "destinations/iot_hub/recognition.hpp"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 2> kSecretPaths = {"connection_string", "devices.*"};
constexpr std::uint16_t kHttpsPort = 443;

Result<void> check(const boost::json::object& settings, const DestinationContext& context) {
    auto config = iot_hub::parse_config(settings, context);
    if (!config) return config.error();
    return {};
}

Result<std::unique_ptr<Destination>> make(const boost::json::object& settings, const DestinationContext& context) {
    auto parsed = iot_hub::parse_config(settings, context);
    if (!parsed) return parsed.error();
    auto& config = *parsed;
    if (config.transport == iot_hub::Transport::https) {
        std::unique_ptr<Destination> made = std::make_unique<iot_hub::HttpsDestination>(
            context.io, context.clock, std::move(config), context.max_connections);
        return made;
    }
    std::shared_ptr<TlsClientContext> tls;
    if (!config.endpoint || config.endpoint->tls) {
        auto context_of_tls = TlsClientContext::make(config.connect.tls);
        if (!context_of_tls) return context_of_tls.error();
        tls = std::move(*context_of_tls);
    }
    // What stands in for a hub speaks MQTT at that port; whether HTTPS somewhere else, nobody knows.
    std::optional<Endpoint> date_endpoint;
    if (!config.endpoint) date_endpoint = Endpoint{true, config.devices.front().connect_host(), kHttpsPort};
    std::unique_ptr<Destination> made = std::make_unique<iot_hub::MqttDestination>(
        context.io, context.clock, std::move(config), std::move(tls), std::move(date_endpoint));
    return made;
}

}  // namespace

DestinationKind iot_hub_kind() {
    return {"iot_hub", check, make, kSecretPaths, iot_hub::recognise, iot_hub::describe};
}

}  // namespace sluice
