#pragma once

// Numbers and words, one at a time and a block's numbers at once. Include it on x86-64 only.
#include <array>
#include <cstring>
#include <string_view>

#include "json/avx2_bits.hpp"

namespace sluice::json::internal {

/// What may stand directly after a number or a word.
constexpr std::array<bool, 256> make_terminators() {
    std::array<bool, 256> ends{};
    for (unsigned char c : {' ', '\t', '\r', '\n', ',', ':', '[', ']', '{', '}'}) ends[c] = true;
    return ends;
}
inline constexpr auto kEndsScalar = make_terminators();

/// Past the digits at `p`, eight at a time.
SLUICE_AVX2_INLINE const char* skip_digits(const char* p, const char* end) {
    while (end - p >= 8) {
        std::uint64_t bytes;
        std::memcpy(&bytes, p, 8);
        bytes ^= 0x3030303030303030;  // digits become 0 to 9
        // The high bit of each byte that is not a digit; carries can only spoil bytes after the first of those.
        std::uint64_t others = ((bytes + 0x7676767676767676) | bytes) & 0x8080808080808080;
        if (others != 0) return p + _tzcnt_u64(others) / 8;
        p += 8;
    }
    while (p != end && *p >= '0' && *p <= '9') ++p;
    return p;
}

/// Past the number at `p`; nullptr when it is none.
SLUICE_AVX2_INLINE const char* skip_number(const char* p, const char* end) {
    p += *p == '-';
    const char* integer = p;
    p = skip_digits(p, end);
    if (p == integer || (*integer == '0' && p - integer != 1)) return nullptr;
    if (p != end && *p == '.') {
        const char* fraction = p + 1;
        p = skip_digits(fraction, end);
        if (p == fraction) return nullptr;
    }
    if (p != end && (*p | 0x20) == 'e') {
        ++p;
        if (p != end && (*p == '+' || *p == '-')) ++p;
        const char* exponent = p;
        p = skip_digits(exponent, end);
        if (p == exponent) return nullptr;
    }
    return p;
}

/// Past the word at `p`; nullptr when it is not `expected`.
inline const char* skip_word(const char* p, const char* end, std::string_view expected) {
    return std::string_view(p, static_cast<std::size_t>(end - p)).starts_with(expected) ? p + expected.size() : nullptr;
}

/// The number or word at `p`, and that it ends where a token may end.
SLUICE_AVX2 __attribute__((noinline)) inline bool accept_scalar(const char* p, const char* end) {
    switch (*p) {
        case 't':
            p = skip_word(p, end, "true");
            break;
        case 'f':
            p = skip_word(p, end, "false");
            break;
        case 'n':
            p = skip_word(p, end, "null");
            break;
        default:
            p = skip_number(p, end);
    }
    return p && (p == end || kEndsScalar[static_cast<unsigned char>(*p)]);
}

/// What the check of a block's numbers looks at, one bit a byte.
struct NumberBits {
    std::uint64_t digits;
    std::uint64_t zeros;
    std::uint64_t minuses;
    std::uint64_t points;
};

SLUICE_AVX2_INLINE NumberBits number_bits(const Block& block) {
    const __m256i zero = _mm256_set1_epi8('0');
    const __m256i nine = _mm256_set1_epi8(9);
    __m256i low = _mm256_sub_epi8(block.low, zero);
    __m256i high = _mm256_sub_epi8(block.high, zero);
    std::uint64_t digits = bitmap(_mm256_cmpeq_epi8(_mm256_min_epu8(low, nine), low),
                                  _mm256_cmpeq_epi8(_mm256_min_epu8(high, nine), high));
    return {digits, equal_to(block, '0'), equal_to(block, '-'), equal_to(block, '.')};
}

/// Where the runs of digits that start at `first` have ended: the byte after each. (The sum carries through each run.)
inline std::uint64_t after_digits(std::uint64_t first, std::uint64_t digits) {
    return (digits + first) & ~digits;
}

/// True when every number that starts at `starts` is a sign, digits without a leading zero and a fraction, or a part of
/// that, and `ends` (one bit a byte) has the byte after it. False also for one with an exponent. All must end within
/// the block.
inline bool are_plain_numbers(std::uint64_t starts, const NumberBits& bits, std::uint64_t ends) {
    std::uint64_t signs = starts & bits.minuses;
    std::uint64_t first = signs << 1 | (starts & ~signs);
    // After a leading zero no digit may come: the byte there counts as one after the digits, where none is allowed.
    std::uint64_t after_zeros = (first & bits.zeros) << 1;
    std::uint64_t after = after_zeros | after_digits(first & bits.digits, bits.digits);
    std::uint64_t points = after & bits.points;
    std::uint64_t fractions = points << 1;
    after = (after & ~points) | after_digits(fractions & bits.digits, bits.digits);
    return ((first | fractions) & ~bits.digits) == 0 && (after & ~ends) == 0;
}

}  // namespace sluice::json::internal
