#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace sluice::file_destination {

/// What the operating system refused. `errno_value` decides how it is classed: EWOULDBLOCK is a lock that somebody else
/// holds, ESTALE a file that was taken away under its name.
struct FileError {
    int errno_value = 0;
    std::string step;  ///< `open`, `lock`, `write`, `sync`
    bool maybe_written = false;
};

/// What to do with a last line that has no line feed.
enum class TornLine {
    cut,  ///< a crash tore it, and the lines are written again
    end,  ///< somebody else wrote it: it stays, ended with a line feed
};

/// One NDJSON file, opened and locked (flock) for one append: between two, others may write to it, and rename, truncate
/// or delete it. Nothing is known of it from one append to the next. Blocking. Thread: one at a time. Owns the
/// descriptor; its end lets the lock go.
class LineFile {
  public:
    using OpenResult = boost::system::result<LineFile, FileError>;
    /// Makes the file where there is none. Does not wait for the lock.
    static OpenResult open(const std::string& path, TornLine torn);
    /// Why open() and append() would not work, as errno has it; 0 as far as can be told. Neither makes nor changes
    /// anything that anybody sees.
    static int refusal(const std::string& path);
    LineFile(LineFile&& other) noexcept;
    LineFile& operator=(LineFile&& other) = delete;
    ~LineFile();

    /// Appends each line with a line feed at the file's end, and syncs. Either all of it is durable in the file that
    /// the path names, or what was written is taken back; where that failed too, or the file was taken away meanwhile,
    /// the error says so. Once.
    boost::system::result<void, FileError> append(std::span<const std::string_view> lines);

  private:
    LineFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    boost::system::result<void, FileError> find_end(TornLine torn);
    bool take_back(std::uint64_t written);

    int descriptor_ = -1;
    std::string path_;
    std::uint64_t size_ = 0;
    bool unended_ = false;  ///< the last line needs a line feed
};

}  // namespace sluice::file_destination
