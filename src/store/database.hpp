#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace sluice {

/// The RocksDB that holds what is derived from the log (object index) and what is not an event (cursors, dead letters,
/// control records). One per data folder. Blocking; call it from a BlockingPool or from the log's commit path only.
/// Thread: any. Ownership: `app`; the stores below keep a shared_ptr.
class Database {
  public:
    /// Opens or makes the database. Errors name the folder and what to do (in use by another process, corrupt,
    /// read-only, written by a newer version).
    static Result<std::shared_ptr<Database>> open(const std::string& folder);
    /// A view of the database as it is now, for reading only: nothing in the folder is changed, and another process may
    /// have it open. Stores on it answer reads, and refuse writes. Errors as open()'s; Errc::not_found when there is
    /// none.
    static Result<std::shared_ptr<Database>> open_view(const std::string& folder);
    virtual ~Database() = default;
    /// Makes everything written so far durable (the object index's memory table too).
    virtual Result<void> flush() = 0;
    virtual std::uint64_t bytes_on_disk() const = 0;

    /// Reads all files and compares their checksums. Errc::corrupt names the file.
    virtual Result<void> verify_checksums() const = 0;
    /// Writes every record to a new database in `folder`, which must be empty, and makes it durable. `progress` (may be
    /// null) is told how many records were written.
    using CopyProgress = std::function<void(std::uint64_t records)>;
    virtual Result<void> copy_to(const std::string& folder, const CopyProgress& progress) const = 0;
};

}  // namespace sluice
