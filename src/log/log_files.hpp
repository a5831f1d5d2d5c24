#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace sluice {

/// Like Result, but keeps the operating system's code: the log must tell a full disk from a broken one.
template <class T>
using IoResult = boost::system::result<T, std::error_code>;

/// One open file. Thread: reads any; writes and syncs one at a time.
class LogFile {
  public:
    explicit LogFile(std::string path) : path_(std::move(path)) {}
    virtual ~LogFile() = default;

    /// For messages, and for what lies beside it.
    const std::string& path() const noexcept { return path_; }
    /// Before it is shared between threads.
    void renamed(std::string path) { path_ = std::move(path); }

    virtual IoResult<std::uint64_t> size() const = 0;
    /// Offset, size and memory address of each write are multiples of this (a power of two). It is at least the
    /// device's physical sector where writes go straight to it, and at least a page where they go through the page
    /// cache: so a write never makes the device rewrite bytes outside of it.
    virtual std::uint32_t block_bytes() const noexcept = 0;

    /// Writes all of `bytes`.
    virtual std::error_code write(std::uint64_t offset, std::string_view bytes) = 0;
    /// What was written, and the file's size, are on stable storage.
    virtual std::error_code sync() = 0;
    /// How many bytes were read: fewer than asked only at the end of the file.
    virtual IoResult<std::size_t> read(std::uint64_t offset, char* into, std::size_t bytes) const = 0;
    /// Later reads see what the device holds. A page cache may hold pages whose writing failed.
    virtual void forget_cached() const = 0;

  private:
    std::string path_;
};

/// Held while a process has a log open. Released by its destruction, and by the end of the process.
class FolderLock {
  public:
    virtual ~FolderLock() = default;
};

/// The file system as the log uses it, so that tests can cut the power and fill the disk. Paths are whole paths.
/// Thread: any.
class LogFiles {
  public:
    enum class Access { read, read_write };
    enum class LockMode {
        exclusive,  ///< makes the lock file when there is none
        shared,     ///< writes nothing: works on a read-only file system; there may be no lock file
    };

    virtual ~LogFiles() = default;

    virtual std::error_code make_folder(const std::string& folder) = 0;
    /// Errc::conflict names the process that holds it.
    virtual Result<std::unique_ptr<FolderLock>> lock(const std::string& folder, LockMode mode) = 0;
    /// Names of the regular files in it, sorted.
    virtual IoResult<std::vector<std::string>> list(const std::string& folder) = 0;
    virtual IoResult<std::uint64_t> free_bytes(const std::string& folder) = 0;

    virtual IoResult<std::unique_ptr<LogFile>> open(const std::string& path, Access access) = 0;
    /// Makes a file with all its space allocated: the one place where a disk can be found full. Leaves nothing when it
    /// fails.
    virtual std::error_code create(const std::string& path, std::uint64_t bytes) = 0;
    virtual std::error_code rename(const std::string& from, const std::string& to) = 0;
    virtual std::error_code remove(const std::string& path) = 0;
    /// Names made, changed and removed in the folder are on stable storage.
    virtual std::error_code sync_folder(const std::string& folder) = 0;

    /// Small files that can be made again, so they are not synced.
    virtual IoResult<std::string> read_whole(const std::string& path) = 0;
    virtual std::error_code write_whole(const std::string& path, std::string_view bytes) = 0;
};

/// The operating system's. One for the process.
LogFiles& system_log_files();

/// "cannot write /data/log/000001.segment: No space left on device"
Error io_error(std::string_view what, const std::string& path, std::error_code code);

}  // namespace sluice
