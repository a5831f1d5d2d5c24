#pragma once

#include "destination/registry.hpp"

namespace sluice::app {

/// Every kind of destination there is: one line a connector.
DestinationRegistry make_registry();

}  // namespace sluice::app
