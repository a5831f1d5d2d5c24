#pragma once

#include <string>

#include "base/clock.hpp"

namespace sluice::sandbox {

/// `Mon, 23 Nov 2026 14:05:00 GMT`: clients read their clock's skew from it.
std::string http_date(Timestamp time);

}  // namespace sluice::sandbox
