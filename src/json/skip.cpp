#include "json/skip.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

#include "json/cpu.hpp"

#if defined(__x86_64__)
#include "json/avx2_bits.hpp"
#endif

namespace sluice::json::internal {

const char* skip_string(const char* p, const char* end) noexcept {
    ++p;
#if defined(__x86_64__)
    // SSE2 is part of every x86-64: this needs no choice at run time.
    while (end - p >= 16) {
        __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        __m128i stops =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
        auto found = static_cast<unsigned>(_mm_movemask_epi8(stops));
        if (found == 0) {
            p += 16;
            continue;
        }
        p += std::countr_zero(found);
        if (*p == '"') return p + 1;
        p += end - p >= 2 ? 2 : 1;
    }
#endif
    while (p < end) {
        char c = *p++;
        if (c == '"') break;
        if (c == '\\' && p < end) ++p;
    }
    return p;
}

const char* skip_container_scalar(const char* p, const char* end) noexcept {
    std::size_t depth = 0;
    while (p < end) {
        switch (*p) {
            case '"':
                p = skip_string(p, end);
                continue;
            case '{':
            case '[':
                ++depth;
                break;
            case '}':
            case ']':
                if (--depth == 0) return p + 1;
                break;
            default:
                break;
        }
        ++p;
    }
    return end;
}

#if defined(__x86_64__)

SLUICE_AVX2 const char* skip_container_avx2(const char* p, const char* end) noexcept {
    std::uint64_t in_string = 0;
    std::uint64_t escape_carry = 0;
    std::uint64_t depth = 0;
    for (;; p += kBlock) {
        auto left = static_cast<std::size_t>(end - p);
        char rest[kBlock];
        const char* bytes = p;
        if (left < kBlock) {
            // The text's last bytes are looked at in a copy: nothing past its end is read.
            std::memset(rest, ' ', kBlock);
            std::memcpy(rest, p, left);
            bytes = rest;
        }
        Block block = load_block(bytes);
        std::uint64_t backslashes = equal_to(block, '\\');
        std::uint64_t escaped = 0;
        if (backslashes | escape_carry) [[unlikely]]
            escaped = escaped_bytes(backslashes, escape_carry, [](unsigned) {});
        std::uint64_t inside = parity_up_to(equal_to(block, '"') & ~escaped) ^ in_string;
        in_string = spread_top_bit(inside);
        Block joined = with_bit5(block);
        std::uint64_t opening = equal_to(joined, '{') & ~inside;
        std::uint64_t closing = equal_to(joined, '}') & ~inside;
        // As long as a block closes fewer than are open, the end is not in it.
        auto closed = static_cast<std::uint64_t>(_mm_popcnt_u64(closing));
        if (closed >= depth) {
            for (std::uint64_t brackets = opening | closing; brackets != 0; brackets &= brackets - 1) {
                std::uint64_t at = _tzcnt_u64(brackets);
                if (opening >> at & 1) {
                    ++depth;
                } else if (--depth == 0) {
                    return p + at + 1;
                }
            }
        } else {
            depth += static_cast<std::uint64_t>(_mm_popcnt_u64(opening)) - closed;
        }
        if (left <= kBlock) return end;
    }
}

#else

const char* skip_container_avx2(const char* p, const char* end) noexcept {
    return skip_container_scalar(p, end);
}

#endif

const char* skip_value(const char* p, const char* end) noexcept {
    if (p == end) return p;
    if (*p == '"') return skip_string(p, end);
    if (*p == '{' || *p == '[') return has_avx2() ? skip_container_avx2(p, end) : skip_container_scalar(p, end);
    while (p < end && *p != ',' && *p != '}' && *p != ']') ++p;
    return p;
}

}  // namespace sluice::json::internal
