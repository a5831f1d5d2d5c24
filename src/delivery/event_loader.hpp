#pragma once

#include <span>
#include <vector>

#include "base/result.hpp"
#include "log/event_log.hpp"

namespace sluice {

/// Reads single events again, by ascending sequence: page by page where they stand close together, else one by one.
/// Errc::not_found for those that the log has let go. Blocking.
std::vector<Result<Event>> load_events(const EventLog& log, const EventFilter& filter,
                                       std::span<const Sequence> sequences);

}  // namespace sluice
