#pragma once

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
    virtual ~Database() = default;
    /// Makes everything written so far durable (the object index's memory table too).
    virtual Result<void> flush() = 0;
    virtual std::uint64_t bytes_on_disk() const = 0;
};

}  // namespace sluice
