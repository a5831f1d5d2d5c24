#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/data_folder.hpp"
#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice::app {

/// What a backup holds, as its backup.json says.
struct BackupNote {
    std::uint32_t format = kDataFormat;
    std::string sluice;  ///< the version that made it
    Timestamp time{};
    Sequence oldest = 1;
    Sequence head = 0;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    bool with_key = false;
};

/// Copies a data folder, of a node that runs or of one that is stopped, into `to`, which must be empty or not be there.
/// Log and store fit each other: the ledger of a node started on a copy of it is the one of some moment during this
/// call. Secrets stay sealed; the key that seals them is copied only `with_key`, and opens every one of them: else
/// Errc::conflict, as when it is rotated meanwhile. Blocking, with progress on a terminal.
Result<BackupNote> back_up(const DataFolder& from, const std::string& to, bool with_key);

/// What a backup says of itself. Errc::not_found when it is none, or was never finished; Errc::corrupt.
Result<BackupNote> read_backup_note(const DataFolder& backup);

/// The text of the key in a data folder or a backup; nothing when the key is elsewhere.
Result<std::optional<Secret>> key_in(const DataFolder& folder);

}  // namespace sluice::app
