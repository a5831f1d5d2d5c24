#pragma once

#include "destination/registry.hpp"

namespace sluice {

/// `iot_hub`: Azure IoT Hub, as one or more of its devices.
DestinationKind iot_hub_kind();

}  // namespace sluice
