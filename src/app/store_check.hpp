#pragma once

#include <string>
#include <vector>

#include "app/data_folder.hpp"
#include "base/result.hpp"
#include "log/verify.hpp"
#include "store/inspection.hpp"

namespace sluice::app {

/// What `sluice store verify` found.
struct StoreCheck {
    bool live = false;  ///< a node was running meanwhile
    LogReport log;
    LogExtent extent;
    StoreInspection store;
    std::vector<Error> problems;  ///< of both

    bool sound() const noexcept { return problems.empty(); }
};

/// Reads all of a data folder, or of a backup, and changes nothing. The errors are those that end the reading itself.
/// Blocking.
Result<StoreCheck> check_store(const DataFolder& folder);

/// Errc::corrupt, with the first problem, when a copy is not whole or not what it was made as.
Result<void> check_copy(const DataFolder& folder, const LogExtent& expected);

}  // namespace sluice::app
