#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string hex_lower(std::string_view bytes);
std::string hex_upper(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);

/// RFC 4648 §4, standard alphabet, padded.
constexpr std::size_t base64_size(std::size_t bytes) {
    return (bytes + 2) / 3 * 4;
}
std::string base64_encode(std::string_view bytes);
/// Appends to `out`. Uses AVX2 where the processor has it (found at run time).
void base64_append(std::string& out, std::string_view bytes);
/// Writes base64_size(bytes.size()) characters to `out`.
void base64_encode_to(char* out, std::string_view bytes) noexcept;
/// Strict: padding required, no white space, no stray bits. nullopt when it is not base64.
std::optional<std::string> base64_decode(std::string_view text);

/// RFC 3986: everything but `A-Za-z0-9-_.~` becomes %XX, upper case.
std::string percent_encode(std::string_view text);
/// nullopt for a broken escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

using Digest256 = std::array<unsigned char, 32>;
using Digest128 = std::array<unsigned char, 16>;

/// Algorithm objects are fetched from OpenSSL once for the process.
Digest256 sha256(std::string_view bytes);
Digest256 hmac_sha256(std::string_view key, std::string_view bytes);
Digest128 md5(std::string_view bytes);

template <std::size_t N>
std::string_view as_view(const std::array<unsigned char, N>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), N};
}

/// CRC-32C (Castagnoli), hardware where present. `seed` is a former result, to go on from.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0) noexcept;

}  // namespace sluice
