#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::size_t kChecksumHashSize = 64;

std::size_t decimal_digits(std::size_t number) noexcept;
constexpr std::size_t checksum_size(std::size_t length_digits) {
    return kChecksumHashSize + 1 + length_digits;
}

/// An object's `checksum`: upper-case hex SHA-256 of its data's minified JSON text, `L`, the text's length in bytes.
std::string checksum_of(std::string_view data);
/// Writes it to `out`: checksum_size(decimal_digits(data.size())) bytes.
void write_checksum(char* out, std::string_view data);

}  // namespace sluice
