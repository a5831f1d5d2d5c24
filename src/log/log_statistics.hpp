#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "base/result.hpp"

namespace sluice {

/// Events of one org and recType, and what their records take.
struct StreamStatistics {
    std::string org;
    std::string rec_type;
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
};

struct LogStatistics {
    Sequence oldest = 1;  ///< head + 1 when nothing is kept
    Sequence head = 0;
    std::uint64_t events = 0;
    std::uint64_t record_bytes = 0;  ///< of their bodies
    std::uint64_t used_bytes = 0;    ///< of the segments, up to their last frame
    std::uint64_t file_bytes = 0;    ///< of the segments' files
    std::size_t segments = 0;
    std::size_t spare_files = 0;
    std::optional<Timestamp> oldest_time;
    std::optional<Timestamp> newest_time;
    std::vector<StreamStatistics> streams;  ///< largest first
};

/// Of a log that another process may be writing to: from the indexes where they are right, else from the records.
/// Changes nothing. `progress` (may be null): segments looked at, of so many. Errors: Errc::io, corrupt. Blocking.
Result<LogStatistics> log_statistics(const std::string& folder,
                                     const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace sluice
