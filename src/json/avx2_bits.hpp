#pragma once

// What the AVX2 files share: bitmaps of a 64-byte block, one bit a byte. Include it on x86-64 only.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

/// Only functions marked so may use the instructions that has_avx2() asks for; the build itself assumes none of them.
#define SLUICE_AVX2 __attribute__((target("avx2,bmi,pclmul,popcnt")))
#define SLUICE_AVX2_INLINE SLUICE_AVX2 __attribute__((always_inline)) inline

namespace sluice::json::internal {

constexpr std::size_t kBlock = 64;

struct Block {
    __m256i low;
    __m256i high;
};

SLUICE_AVX2_INLINE Block load_block(const char* bytes) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32))};
}

SLUICE_AVX2_INLINE std::uint64_t bitmap(__m256i low, __m256i high) {
    auto low_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(low));
    auto high_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(high));
    return low_bits | static_cast<std::uint64_t>(high_bits) << 32;
}

SLUICE_AVX2_INLINE std::uint64_t equal_to(const Block& block, char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return bitmap(_mm256_cmpeq_epi8(block.low, wanted), _mm256_cmpeq_epi8(block.high, wanted));
}

/// The block with bit 5 of each byte set, which joins the two kinds of bracket (and of letters).
SLUICE_AVX2_INLINE Block with_bit5(const Block& block) {
    const __m256i bit5 = _mm256_set1_epi8(0x20);
    return {_mm256_or_si256(block.low, bit5), _mm256_or_si256(block.high, bit5)};
}

/// Bit i of the answer: whether an odd number of bits 0 to i is set. (A carry-less product with all ones.)
SLUICE_AVX2_INLINE std::uint64_t parity_up_to(std::uint64_t bits) {
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<std::int64_t>(bits)), _mm_set1_epi8(-1), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

/// All bits as the highest one is.
inline std::uint64_t spread_top_bit(std::uint64_t bits) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(bits) >> 63);
}

/// Which bytes of a block are the second of an escape. `carry`: 1 if its first byte is, then whether the next block's
/// is. Calls `on_escape(i)` for each escape that starts at byte i.
template <class OnEscape>
SLUICE_AVX2_INLINE std::uint64_t escaped_bytes(std::uint64_t backslashes, std::uint64_t& carry, OnEscape on_escape) {
    std::uint64_t escaped = carry;
    carry = 0;
    for (std::uint64_t starts = backslashes & ~escaped; starts != 0;) {
        auto at = static_cast<unsigned>(_tzcnt_u64(starts));
        on_escape(at);
        escaped |= std::uint64_t{2} << at;
        carry = at == 63;
        starts &= starts - 1;
        starts &= ~escaped;
    }
    return escaped;
}

}  // namespace sluice::json::internal
