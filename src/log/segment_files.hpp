#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/log_folder.hpp"
#include "log/record_format.hpp"

namespace sluice {

/// A `.segment` file and what its header says: its name is no evidence.
struct FoundSegment {
    std::string path;
    std::unique_ptr<LogFile> file;
    SegmentHeader header;
};

/// Errc::corrupt when its header is not right, or the file is shorter than it was made.
Result<FoundSegment> open_segment(const LogFolder& folder, const std::string& name);
/// All segments of a log that a process may be writing to, in the log's order. What is trimmed while this looks is not
/// among them. Errors as open_segment() and check_succession(), when they stay.
Result<std::vector<FoundSegment>> find_live_segments(const LogFolder& folder);
/// Whether the file still is the segment it was: it may have been trimmed, and written again since.
bool is_still_there(const LogFolder& folder, const FoundSegment& segment);
/// By their place in the log, which their headers tell.
void sort_segments(std::vector<FoundSegment>& segments);
/// Errc::corrupt unless `next` is the segment made after `before` in the same log.
Result<void> check_succession(const FoundSegment& before, const FoundSegment& next);

/// The segment's records end before `found`, and the next segment begins later.
Error missing_events(const FoundSegment& segment, const FoundSegment& next, Sequence found);
/// The segment's index says that there was a successor.
Error missing_successor(const FoundSegment& segment, Sequence began_with);

}  // namespace sluice
