#pragma once

#include "base/result.hpp"
#include "delivery/engine.hpp"
#include "log/event_log.hpp"

namespace sluice {

/// The part of the log that a replay asks for, held against what the log has. Errc::invalid_argument when it ends
/// before it begins, or begins beyond the head; Errc::not_found when the log has let go of its beginning. Blocking.
Result<SequenceRange> replay_range(const EventLog& log, const ReplayRequest& request);

}  // namespace sluice
