#pragma once

#include "destination/registry.hpp"

namespace sluice::iot_hub {

/// DestinationKind::recognise: a device's connection string; the hub's own, which is refused. Pure.
std::optional<Recognised> recognise(std::string_view text);
/// DestinationKind::describe. Pure.
std::vector<SettingsFact> describe(const boost::json::object& settings);

}  // namespace sluice::iot_hub
