#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/refusal.hpp"

namespace sluice {

struct DataLimits {
    std::size_t max_bytes = 1 << 20;  ///< of an object's data, white space removed
    std::size_t max_depth = 64;
};

/// Writes a caller's data at the end of a buffer, and its checksum into places reserved before it.
///
/// A checksum ends in the data's length, whose digits are known only when the data has been minified. So room is
/// reserved for the text's length as it came; in the rare case that white space took a digit away, what follows moves
/// up.
class DataSplice {
  public:
    DataSplice(std::string& out, std::string_view text) : out_(out), text_(text) {}

    /// Reserves a checksum at the buffer's end; at most two.
    void reserve_checksum();

    /// Validates, minifies and appends the text, then fills in the checksums. On a refusal the buffer's tail is not
    /// defined.
    std::optional<Refusal> append_data(const DataLimits& limits);

    std::size_t data_offset() const noexcept { return data_offset_; }
    std::size_t data_size() const noexcept { return out_.size() - data_offset_; }

  private:
    void close_gaps(std::size_t unused_digits);

    std::string& out_;
    std::string_view text_;
    std::array<std::size_t, 2> reserved_{};
    std::size_t reserved_count_ = 0;
    std::size_t data_offset_ = 0;
};

}  // namespace sluice
