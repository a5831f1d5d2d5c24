#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace sluice {

/// Makes ObjectIds: 4-byte seconds, 5 random bytes, 3-byte counter, as 24 lower-case hex digits.
/// Ids of one generator sort by time of creation. Thread: any.
class ObjectIdGenerator {
  public:
    ObjectIdGenerator();
    std::string next(Timestamp now);
    /// Writes 24 characters to `out`.
    void next_to(Timestamp now, char* out) noexcept;

  private:
    std::array<unsigned char, 5> process_{};
    /// Seconds in the upper bits, counter in the lower 24: one atomic, so that order holds across threads.
    std::atomic<std::uint64_t> last_{0};
};

/// `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`
bool is_valid_object_id(std::string_view text) noexcept;
/// Parts of `[A-Za-z0-9_-]`, each starting and ending in a letter or digit, joined by `.`; at most 128 bytes. Orgs too.
bool is_valid_rec_type(std::string_view text) noexcept;
/// `[a-z0-9][a-z0-9-]{0,62}`
bool is_valid_integration_id(std::string_view text) noexcept;
/// A tag: 1 to 64 bytes of UTF-8 without control characters or `/`.
bool is_valid_tag(std::string_view text) noexcept;

/// `*` stands for one part, `**` for any number of parts (also none). A pattern is made of whole parts.
bool is_valid_pattern(std::string_view pattern) noexcept;
bool matches_pattern(std::string_view pattern, std::string_view rec_type) noexcept;

/// `bytes` bytes from the operating system's generator.
std::string random_bytes(std::size_t bytes);

}  // namespace sluice
