#include <cstring>

#include "base/encoding.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluice {
namespace {

// RFC 3720 §12.1 polynomial, reflected.
constexpr std::uint32_t kPolynomial = 0x82f63b78;

constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
        tables[0][i] = crc;
    }
    for (std::size_t slice = 1; slice < 8; ++slice)
        for (std::size_t i = 0; i < 256; ++i)
            tables[slice][i] = tables[slice - 1][i] >> 8 ^ tables[0][tables[slice - 1][i] & 255];
    return tables;
}
constexpr auto kTables = make_tables();

std::uint32_t update_scalar(std::uint32_t crc, const unsigned char* in, std::size_t size) noexcept {
    for (; size >= 8; size -= 8, in += 8) {
        std::uint64_t word;
        std::memcpy(&word, in, 8);
        word ^= crc;
        crc = 0;
        for (std::size_t slice = 0; slice < 8; ++slice) crc ^= kTables[7 - slice][word >> (8 * slice) & 255];
    }
    for (; size > 0; --size, ++in) crc = crc >> 8 ^ kTables[0][(crc ^ *in) & 255];
    return crc;
}

#if defined(__x86_64__)
/// The instruction takes three cycles and one can start in each: three lanes side by side take the time of one.
constexpr std::size_t kLane = 256;

/// What kLane zero bytes make of a checksum, by its bytes: the lanes' results are put together with it.
constexpr std::array<std::array<std::uint32_t, 256>, 4> make_lane_shift() {
    std::array<std::uint32_t, 32> of_bit{};
    for (std::size_t bit = 0; bit < 32; ++bit) {
        std::uint32_t crc = std::uint32_t{1} << bit;
        for (std::size_t i = 0; i < kLane; ++i) crc = crc >> 8 ^ kTables[0][crc & 255];
        of_bit[bit] = crc;
    }
    std::array<std::array<std::uint32_t, 256>, 4> shift{};
    for (std::size_t byte = 0; byte < 4; ++byte)
        for (std::size_t value = 0; value < 256; ++value)
            for (std::size_t bit = 0; bit < 8; ++bit)
                if (value >> bit & 1) shift[byte][value] ^= of_bit[8 * byte + bit];
    return shift;
}
constexpr auto kLaneShift = make_lane_shift();

std::uint32_t behind_lane(std::uint32_t crc) noexcept {
    return kLaneShift[0][crc & 255] ^ kLaneShift[1][crc >> 8 & 255] ^ kLaneShift[2][crc >> 16 & 255] ^
           kLaneShift[3][crc >> 24];
}

__attribute__((target("sse4.2"))) std::uint32_t update_sse42(std::uint32_t crc, const unsigned char* in,
                                                             std::size_t size) noexcept {
    auto word_at = [](const unsigned char* at) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        return word;
    };
    std::uint64_t wide = crc;
    for (; size >= 3 * kLane; size -= 3 * kLane, in += 3 * kLane) {
        std::uint64_t second = 0;
        std::uint64_t third = 0;
        for (std::size_t i = 0; i < kLane; i += 8) {
            wide = _mm_crc32_u64(wide, word_at(in + i));
            second = _mm_crc32_u64(second, word_at(in + kLane + i));
            third = _mm_crc32_u64(third, word_at(in + 2 * kLane + i));
        }
        auto first_two = behind_lane(static_cast<std::uint32_t>(wide)) ^ static_cast<std::uint32_t>(second);
        wide = behind_lane(first_two) ^ third;
    }
    for (; size >= 8; size -= 8, in += 8) wide = _mm_crc32_u64(wide, word_at(in));
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; size > 0; --size, ++in) narrow = _mm_crc32_u8(narrow, *in);
    return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) noexcept {
    const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
#if defined(__x86_64__)
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2");
    if (has_sse42) return ~update_sse42(~seed, in, bytes.size());
#endif
    return ~update_scalar(~seed, in, bytes.size());
}

}  // namespace sluice
