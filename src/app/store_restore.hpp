#pragma once

#include <string>

#include "app/data_folder.hpp"
#include "app/store_backup.hpp"
#include "base/result.hpp"

namespace sluice::app {

/// Makes a data folder of a backup, which is checked first and stays as it is. `to` is made, for its own user only,
/// when it is not there. One that is there must be empty and stays the same folder, with its owner and rights: it may
/// be a disk's, or one whose parent is not this user's. What is made in it is for its owner only; root gives it to him.
///
/// Until all of it is there check_data_folder() refuses `to`. Interrupted at any moment, another restore into the same
/// folder begins anew. One that fails leaves the folder as it found it, unless that too fails: then it counts as
/// interrupted. Blocking, with progress on a terminal.
///
/// Errors: Errc::corrupt when the backup is damaged; Errc::not_found when it is none, or was never finished;
/// Errc::unsupported when a newer Sluice made it; Errc::conflict when `to` is not empty, or another restore works in
/// it; Errc::exhausted; Errc::io.
Result<BackupNote> restore(const std::string& backup, const DataFolder& to);

}  // namespace sluice::app
