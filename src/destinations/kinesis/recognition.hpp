#pragma once

#include "destination/registry.hpp"

namespace sluice::kinesis {

/// DestinationKind::recognise: an access key, a data stream's ARN. Pure.
std::optional<Recognised> recognise(std::string_view text);
/// DestinationKind::describe. Pure.
std::vector<SettingsFact> describe(const boost::json::object& settings);

}  // namespace sluice::kinesis
