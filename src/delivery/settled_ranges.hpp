#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "log/event_log.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

/// How many events in (cursor's position, to] match and are not in its settled ranges. Blocking: from the log's index.
/// A damaged record that may match counts as one that does, and so does every event of a segment whose index is damaged
/// too: what an integration may have needed must become `lost`, not hold the log for ever.
Result<std::uint64_t> count_unsettled(const EventLog& log, const EventFilter& filter, const Cursor& cursor,
                                      Sequence to);

}  // namespace sluice
