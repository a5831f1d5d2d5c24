#pragma once

#include "destination/registry.hpp"

namespace sluice {

/// `webhook`: one event a request, signed as Standard Webhooks does.
DestinationKind webhook_kind();

}  // namespace sluice
