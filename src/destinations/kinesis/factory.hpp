#pragma once

#include "destination/registry.hpp"

namespace sluice {

/// AWS Kinesis Data Streams. The one line that `app` needs.
DestinationKind kinesis_kind();

}  // namespace sluice
