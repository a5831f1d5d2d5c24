#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "delivery/status.hpp"

namespace sluice {

/// A replay as the control store remembers it, so that a restart that ends one can say so. One line of JSON.
std::string replay_record(const ReplayStatus& replay);
/// As it is told after the restart: one that was running has ended. nullopt for what is no record.
std::optional<ReplayStatus> parse_replay_record(std::string_view text);

}  // namespace sluice
