#pragma once

#include <string_view>

namespace sluice {

// Kinds of records in the control store, by integration.
inline constexpr std::string_view kIntegrationKind = "integration";    ///< made through the API: its settings, sealed
inline constexpr std::string_view kPausedKind = "integration_paused";  ///< why
inline constexpr std::string_view kGoneKind = "integration_gone";      ///< since when the file does not have it
inline constexpr std::string_view kReplayKind = "integration_replay";  ///< the latest (replay_record.hpp)

}  // namespace sluice
