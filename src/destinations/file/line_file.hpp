#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::file_destination {

/// What the operating system refused. `errno_value` decides how it is classed.
struct FileError {
    int errno_value = 0;
    std::string step;  ///< `open`, `write`, `sync`
    bool maybe_written = false;
};

/// One NDJSON file that lines are appended to. A torn last line (a crash while appending) is cut when it is opened.
/// Blocking. Thread: one at a time. Owns the descriptor.
class LineFile {
  public:
    using OpenResult = boost::system::result<LineFile, FileError>;
    static OpenResult open(const std::string& path);
    LineFile(LineFile&& other) noexcept;
    LineFile& operator=(LineFile&& other) noexcept;
    ~LineFile();

    /// Appends each line with a line feed, and syncs. Either all of it is durable, or what was written is taken back;
    /// where that failed too the error says so. The file must be reopened after an error.
    boost::system::result<void, FileError> append(std::span<const std::string_view> lines);

  private:
    LineFile(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace sluice::file_destination
