#pragma once

#include <cstdint>
#include <vector>

#include "store/cursor_store.hpp"

namespace sluice {

/// Adds a range to those that were lost, at their end; of too many the oldest are joined.
void note_lost(std::vector<SequenceRange>& ranges, Sequence first, Sequence last);

/// The log begins at `oldest`: what the cursor has not settled before it is lost, and the cursor goes on from there.
/// Each sequence counts as an event that matched, since the integration was not there to be asked when they went.
/// Returns how many were lost by this.
std::uint64_t lose_before(Cursor& cursor, Sequence oldest);

}  // namespace sluice
