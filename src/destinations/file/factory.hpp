#pragma once

#include "destination/registry.hpp"

namespace sluice {

/// `file`: NDJSON, appended, fsynced per batch.
DestinationKind file_kind();

}  // namespace sluice
