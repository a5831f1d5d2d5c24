#include "app/destinations.hpp"

#include "destinations/event_hubs/factory.hpp"
#include "destinations/file/factory.hpp"
#include "destinations/iot_hub/factory.hpp"
#include "destinations/kinesis/factory.hpp"
#include "destinations/pubsub/factory.hpp"
#include "destinations/sqs/factory.hpp"
#include "destinations/webhook/factory.hpp"

namespace sluice::app {

DestinationRegistry make_registry() {
    DestinationRegistry registry;
    registry.add(event_hubs_kind());
    registry.add(kinesis_kind());
    registry.add(sqs_kind());
    registry.add(pubsub_kind());
    registry.add(iot_hub_kind());
    registry.add(webhook_kind());
    registry.add(file_kind());
    return registry;
}

}  // namespace sluice::app
