#pragma once

#include "destination/registry.hpp"

namespace sluice::webhook {

/// DestinationKind::recognise: any address with https:// (or http:// on loopback) may be a receiver's. Pure.
std::optional<Recognised> recognise(std::string_view text);
/// DestinationKind::describe. Pure.
std::vector<SettingsFact> describe(const boost::json::object& settings);

}  // namespace sluice::webhook
