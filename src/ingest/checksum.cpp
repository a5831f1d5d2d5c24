#include "ingest/checksum.hpp"

#include <charconv>

#include "base/encoding.hpp"

namespace sluice {

std::size_t decimal_digits(std::size_t number) noexcept {
    std::size_t digits = 1;
    for (; number >= 10; number /= 10) ++digits;
    return digits;
}

void write_checksum(char* out, std::string_view data) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    const Digest256 digest = sha256(data);
    for (const unsigned char byte : digest) {
        *out++ = kHex[byte >> 4];
        *out++ = kHex[byte & 15];
    }
    *out++ = 'L';
    std::to_chars(out, out + decimal_digits(data.size()), data.size());
}

std::string checksum_of(std::string_view data) {
    std::string text(checksum_size(decimal_digits(data.size())), '\0');
    write_checksum(text.data(), data);
    return text;
}

}  // namespace sluice
