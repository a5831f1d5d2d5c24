#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/log_folder.hpp"
#include "log/segment.hpp"

namespace sluice {

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
