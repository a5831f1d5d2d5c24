#pragma once

#include "destination/registry.hpp"

namespace sluice::pubsub {

/// DestinationKind::recognise: a service account's key file, a topic's full name; other files and keys of Google's,
/// which are refused. Pure.
std::optional<Recognised> recognise(std::string_view text);
/// DestinationKind::describe. Pure.
std::vector<SettingsFact> describe(const boost::json::object& settings);

}  // namespace sluice::pubsub
