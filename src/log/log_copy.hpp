#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/log_position.hpp"
#include "base/result.hpp"

namespace sluice {

/// Copies the segments of a log that a process may be writing to, into another folder: a log again, that ends where
/// this one ended at some moment during the call. In two steps, because what else belongs to the same backup is read
/// between them: nothing that it refers to may be missing from the log.
///
///   sealed()   the segments that no longer change. One that goes meanwhile is left out: whoever is read after this
///              call no longer needs it
///   rest()     what was sealed since, and the durable part of the one that is written to
///
/// Blocking. Nothing in the log's folder is changed.
class LogCopy {
  public:
    /// `to` is made when it is missing.
    LogCopy(std::string from, std::string to);

    using Progress = std::function<void(std::uint64_t bytes, std::uint64_t of_bytes)>;
    /// Errors: Errc::corrupt when a segment is damaged; Errc::io; Errc::exhausted when the disk of `to` is full.
    Result<void> sealed(const Progress& progress);
    struct Extent {
        Sequence oldest = 1;
        Sequence head = 0;
        std::uint64_t segments = 0;
        std::uint64_t bytes = 0;  ///< copied
    };
    Result<Extent> rest(const Progress& progress);

  private:
    Result<bool> copy_all(bool last_too, const Progress& progress, Extent* extent);

    struct Copied {
        std::string path;
        Sequence first = 0;
        std::uint64_t bytes = 0;
    };
    std::uint64_t copied_bytes() const;

    const std::string from_;
    const std::string to_;
    std::vector<Copied> copied_;  ///< in the log's order
};

/// Copies `bytes` of a file; the copy has `size` bytes, of which `allocated` says whether the disk has room for all,
/// and is for its owner only, whoever may read the original. Its bytes are on stable storage when this returns; its
/// name is when the folder was synced.
Result<void> copy_file_durably(const std::string& from, const std::string& to, std::uint64_t bytes, std::uint64_t size,
                               bool allocated);

}  // namespace sluice
