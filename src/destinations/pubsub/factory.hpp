#pragma once

#include "destination/registry.hpp"

namespace sluice {

/// `pubsub`: Google Cloud Pub/Sub.
DestinationKind pubsub_kind();

}  // namespace sluice
