#include "destinations/event_hubs/factory.hpp"

#include <array>
#include <memory>
#include <utility>

#include "destinations/event_hubs/config.hpp"
#include "destinations/event_hubs/https_destination.hpp"
#include "destinations/event_hubs/kafka_destination.hpp"
#include "destinations/event_hubs/producer_pool.hpp"
#include "destinations/event_hubs/recognition.hpp"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 2> kSecretPaths = {"connection_string", "credentials.client_secret"};

Result<void> check(const boost::json::object& settings, const DestinationContext& context) {
    auto config = event_hubs::parse_config(settings, context);
    if (!config) return config.error();
    return {};
}

Result<std::unique_ptr<Destination>> make(const boost::json::object& settings, const DestinationContext& context) {
    auto config = event_hubs::parse_config(settings, context);
    if (!config) return config.error();
    std::unique_ptr<Destination> made;
    if (config->protocol == event_hubs::Protocol::https) {
        made = std::make_unique<event_hubs::HttpsDestination>(context.io, context.clock, std::move(*config),
                                                              context.max_connections);
    } else {
        made = std::make_unique<event_hubs::KafkaDestination>(context.io, context.clock, std::move(*config),
                                                              event_hubs::ProducerPool::shared());
    }
    return made;
}

}  // namespace

DestinationKind event_hubs_kind() {
    return {"event_hubs", check, make, kSecretPaths, event_hubs::recognise, event_hubs::describe};
}

}  // namespace sluice
