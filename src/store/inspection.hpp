#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/cursor_store.hpp"
#include "store/database.hpp"

namespace sluice {

/// What the log has, for comparing the store with it.
struct LogExtent {
    Sequence oldest = 1;
    Sequence head = 0;
};

struct IntegrationInspection {
    std::string id;
    std::vector<Cursor> cursors;
    CursorStore::DeadLetterTotals dead_letters;
};

/// What reading everything in the store found.
struct StoreInspection {
    std::uint64_t objects = 0;
    std::uint64_t rescued_objects = 0;  ///< whose bytes are kept here, since the log let them go
    std::uint64_t idempotency_keys = 0;
    std::uint64_t control_records = 0;
    Sequence index_watermark = 0;  ///< events up to here are in the object index
    std::vector<IntegrationInspection> integrations;
    /// Acknowledged and settled state that cannot be read, or that contradicts the log.
    std::vector<Error> problems;
    /// What the next start will do about, by itself.
    std::vector<std::string> notes;
};

/// Reads every record of the store and compares it with the log: goes on after what it finds wrong, so that all of it
/// is told. Changes nothing. Errors: Errc::io and corrupt where reading itself fails. Blocking.
Result<StoreInspection> inspect_store(std::shared_ptr<Database> database, const LogExtent& log);

}  // namespace sluice
