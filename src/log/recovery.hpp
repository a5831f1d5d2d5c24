#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/log_folder.hpp"
#include "log/segment.hpp"
#include "log/segment_scan.hpp"

namespace sluice {

/// A `.segment` file and what its header says.
struct FoundSegment {
    std::string path;
    std::unique_ptr<LogFile> file;
    SegmentHeader header;
};

/// The segments of a folder in the log's order, which their headers tell. Errc::corrupt when one cannot be read, is
/// shorter than it was made, or is not the successor of the one before.
Result<std::vector<FoundSegment>> find_segments(const LogFolder& folder);

/// That the next segment begins where this one ends. `found` is where a scan of it, or its index, says that it ends.
Error missing_events(const FoundSegment& segment, const FoundSegment& next, Sequence found);

/// What a folder's log turned out to be.
struct RecoveredLog {
    std::vector<std::shared_ptr<Segment>> segments;  ///< the last one active; none in a new folder
    std::vector<std::string> spares;
    Sequence next = 1;
    Timestamp last_time{};
    bool cut = false;  ///< the head of a write that a crash had cut off was removed
};

/// Finds the end of the log and makes the folder fit to go on: a torn last write, which nobody was told of, is cut off;
/// anything else that is not as it was written is an error, because going on would lose events silently. Everything
/// found is on stable storage on return.
Result<RecoveredLog> recover_log(const LogFolder& folder);

}  // namespace sluice
