#pragma once

#include <span>

#include "api/dashboard.hpp"

namespace sluice::app {

/// The dashboard as it was built from web/; defined by what cmake/dashboard.cmake generates. Empty in a build without.
std::span<const api::DashboardFile> dashboard_files();

}  // namespace sluice::app
