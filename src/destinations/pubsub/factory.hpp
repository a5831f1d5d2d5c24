#pragma once

#include <functional>
#include <string_view>

#include "destination/registry.hpp"

namespace sluice {

/// `pubsub`: Google Cloud Pub/Sub.
DestinationKind pubsub_kind();

/// gRPC writes lines of its own to stderr, in a form of its own. From here on they go to `report`, which
/// is called from gRPC's threads too; empty: nowhere. Thread: any.
void report_grpc_lines_to(std::function<void(std::string_view)> report);

}  // namespace sluice
