#pragma once

#include "destination/registry.hpp"

namespace sluice::sqs {

/// DestinationKind::recognise: an access key, a queue's URL; its ARN, which is refused. Pure.
std::optional<Recognised> recognise(std::string_view text);
/// DestinationKind::describe. Pure.
std::vector<SettingsFact> describe(const boost::json::object& settings);

}  // namespace sluice::sqs
