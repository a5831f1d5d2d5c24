#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "base/result.hpp"

namespace sluice {

class LogFiles;

/// What reading a segment from end to end found.
struct SegmentReport {
    enum class Index { good, missing, damaged };

    std::string path;
    Sequence first = 0;
    Sequence last = 0;  ///< of what is valid; first - 1 when nothing is
    std::uint64_t events = 0;
    std::uint64_t frames = 0;  ///< syncs that wrote them
    std::uint64_t used_bytes = 0;
    std::uint64_t file_bytes = 0;
    Timestamp first_time{};
    Timestamp last_time{};
    /// Missing or damaged is no loss: it is made again when it is needed.
    Index index = Index::missing;
    bool torn_tail = false;  ///< a write that a crash cut off, and that nobody was told of: no loss
    std::vector<Error> problems;
};

struct LogReport {
    std::vector<SegmentReport> segments;  ///< in the log's order; files that are no segments come last
    std::size_t spare_files = 0;
    Sequence head = 0;

    bool sound() const noexcept;
};

/// Reads everything and changes nothing, of a log that no process has open: goes on after what it finds wrong, so that
/// all of it is told. `files`: nullptr for the operating system's. Errc::conflict when the log is open; Errc::io.
Result<LogReport> verify_log(const std::string& folder, LogFiles* files = nullptr);

/// The same of a log that a process is writing to. What is written and trimmed while this reads can look like damage:
/// what is wrong is looked at again, and told only when it stays.
Result<LogReport> verify_live_log(const std::string& folder, LogFiles* files = nullptr);

}  // namespace sluice
