#pragma once

#include <string_view>

namespace sluice::app {

/// The version of this build, from the project's CMake file.
inline constexpr std::string_view kVersion = SLUICE_VERSION;

}  // namespace sluice::app
