#pragma once

#include "destination/registry.hpp"

namespace sluice {

/// `event_hubs`: Azure Event Hubs, over its Kafka endpoint or HTTPS.
DestinationKind event_hubs_kind();

}  // namespace sluice
