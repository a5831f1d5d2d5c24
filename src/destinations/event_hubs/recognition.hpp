#pragma once

#include "destination/registry.hpp"

namespace sluice::event_hubs {

/// DestinationKind::recognise: the connection string of a namespace or an event hub; a storage account's, which is
/// refused. Pure.
std::optional<Recognised> recognise(std::string_view text);
/// DestinationKind::describe. Pure.
std::vector<SettingsFact> describe(const boost::json::object& settings);

}  // namespace sluice::event_hubs
