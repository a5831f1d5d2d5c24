#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/result.hpp"
#include "log/log_files.hpp"

namespace sluice::app {

/// The format of a data folder as a whole: which files it has and what they mean. The log's segments and the store's
/// records have versions of their own. Raised when an older Sluice must not touch a newer one's folder.
constexpr std::uint32_t kDataFormat = 1;

/// What is where in a data folder. docs/operating.md describes it.
struct DataFolder {
    std::string path;

    std::string log() const { return path + "/log"; }
    std::string database() const { return path + "/db"; }
    std::string format() const { return path + "/format.json"; }
    std::string secrets_key() const { return path + "/secrets.key"; }
    /// Stands in a backup only, and is written last.
    std::string backup_note() const { return path + "/backup.json"; }
    /// There from the beginning of a restore to its end: what else is in the folder is not whole meanwhile.
    std::string restoring() const { return path + "/.restoring"; }
};

/// Refuses a folder that a newer Sluice wrote (Errc::unsupported), a format file that cannot be read (Errc::corrupt),
/// and a folder into which a restore has not finished (Errc::conflict). A folder without a format file is either new,
/// or of the time before there was such a file: format 1.
Result<void> check_data_folder(const DataFolder& folder);
/// Says which format the folder has, durably, unless it says so already. After the log's lock was taken.
Result<void> mark_data_format(const DataFolder& folder);

/// Makes a folder, and those above it, which nobody else may look into: what is in it is every org's. One that is there
/// stays as it is.
std::error_code make_private_folder(const std::string& path);

/// What is in a folder, without the lost+found that a new file system begins with.
Result<std::vector<std::string>> names_in(const std::string& folder);

/// Of the files in a folder; those that go meanwhile count nothing.
std::uint64_t bytes_in(const std::string& folder);

/// Writes a small file, for its owner only, so that it is there whole or not at all, also after a power cut.
Result<void> write_durably(const std::string& path, const std::string& text);

/// Whether a process has the folder open. While it has not, and the lock is held, none can.
struct DataFolderUse {
    bool live = false;
    std::string by;  ///< "the log in data/log is in use by process 17"
    std::unique_ptr<FolderLock> lock;
};
/// Errc::not_found when it is no data folder.
Result<DataFolderUse> look_at_use(const DataFolder& folder);

}  // namespace sluice::app
