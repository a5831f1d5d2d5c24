#include "json/cursor.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#include "json/find.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::json {

namespace {

constexpr std::size_t kBlock = 64;

/// One bit a byte of a 64-byte block.
struct BlockBits {
    std::uint64_t quotes = 0;
    std::uint64_t backslashes = 0;
    std::uint64_t opening = 0;
    std::uint64_t closing = 0;
};

// SSE2 is part of every x86-64, so this needs no choice at run time. Bit 5 joins the two kinds of bracket.
#if defined(__SSE2__)
BlockBits classify(const char* block) noexcept {
    BlockBits bits;
    for (int i = 0; i < 4; ++i) {
        __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i));
        __m128i joined = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        auto equal = [&](__m128i in, char c) {
            auto found = static_cast<std::uint64_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(in, _mm_set1_epi8(c))));
            return found << 16 * i;
        };
        bits.quotes |= equal(bytes, '"');
        bits.backslashes |= equal(bytes, '\\');
        bits.opening |= equal(joined, '{');
        bits.closing |= equal(joined, '}');
    }
    return bits;
}
#else
BlockBits classify(const char* block) noexcept {
    BlockBits bits;
    for (std::size_t i = 0; i < kBlock; ++i) {
        bits.quotes |= std::uint64_t{block[i] == '"'} << i;
        bits.backslashes |= std::uint64_t{block[i] == '\\'} << i;
        bits.opening |= std::uint64_t{(block[i] | 0x20) == '{'} << i;
        bits.closing |= std::uint64_t{(block[i] | 0x20) == '}'} << i;
    }
    return bits;
}
#endif

/// Bit i of the answer: whether an odd number of bits 0 to i is set.
std::uint64_t parity_up_to(std::uint64_t bits) noexcept {
    for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}

/// Which bytes are the second of an escape. `carry`: whether the first byte of this block is, then that of the next
/// one.
std::uint64_t escaped_bytes(std::uint64_t backslashes, std::uint64_t& carry) noexcept {
    std::uint64_t escaped = carry;
    carry = 0;
    for (std::uint64_t starts = backslashes & ~escaped; starts != 0;) {
        int at = std::countr_zero(starts);
        escaped |= std::uint64_t{2} << at;
        carry = at == 63;
        starts &= starts - 1;
        starts &= ~escaped;
    }
    return escaped;
}

/// Past the closing quote of the string at `p`.
const char* skip_string(const char* p, const char* end) noexcept {
    ++p;
#if defined(__SSE2__)
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

/// Past the bracket that closes the one at `p`.
const char* skip_container(const char* p, const char* end) noexcept {
    std::uint64_t in_string = 0;
    std::uint64_t escape_carry = 0;
    std::size_t depth = 0;
    for (; p < end; p += kBlock) {
        auto left = static_cast<std::size_t>(end - p);
        char rest[kBlock];
        const char* block = p;
        if (left < kBlock) {
            std::memset(rest, ' ', kBlock);
            std::memcpy(rest, p, left);
            block = rest;
        }
        BlockBits bits = classify(block);
        if (bits.backslashes | escape_carry) bits.quotes &= ~escaped_bytes(bits.backslashes, escape_carry);
        std::uint64_t inside = parity_up_to(bits.quotes) ^ in_string;
        in_string = inside >> 63 ? ~std::uint64_t{0} : 0;
        bits.opening &= ~inside;
        bits.closing &= ~inside;
        if (static_cast<std::size_t>(std::popcount(bits.closing)) < depth) {
            depth += static_cast<std::size_t>(std::popcount(bits.opening));
            depth -= static_cast<std::size_t>(std::popcount(bits.closing));
            continue;
        }
        for (std::uint64_t brackets = bits.opening | bits.closing; brackets != 0; brackets &= brackets - 1) {
            std::uint64_t bracket = brackets & (~brackets + 1);
            if (bits.opening & bracket) {
                ++depth;
            } else if (--depth == 0) {
                return p + std::countr_zero(bracket) + 1;
            }
        }
    }
    return end;
}

const char* skip_value(const char* p, const char* end) noexcept {
    if (p == end) return p;
    if (*p == '"') return skip_string(p, end);
    if (*p == '{' || *p == '[') return skip_container(p, end);
    while (p < end && *p != ',' && *p != '}' && *p != ']') ++p;
    return p;
}

std::string_view view(const char* from, const char* to) noexcept {
    return {from, static_cast<std::size_t>(to - from)};
}

/// Where the first member or element starts; the end when the text is not such a container.
const char* first_inside(std::string_view text, char opening) noexcept {
    return !text.empty() && text.front() == opening ? text.data() + 1 : text.data() + text.size();
}

}  // namespace

MemberCursor::MemberCursor(std::string_view object) noexcept
    : at_(first_inside(object, '{')), end_(object.data() + object.size()) {}

bool MemberCursor::next() noexcept {
    if (at_ < end_ && *at_ == ',') ++at_;
    if (at_ >= end_ || *at_ != '"') return false;
    const char* name_end = skip_string(at_, end_);
    name_ = view(at_, name_end);
    const char* value = name_end < end_ ? name_end + 1 : end_;
    at_ = skip_value(value, end_);
    value_ = view(value, at_);
    return true;
}

bool MemberCursor::name_is(std::string_view unescaped) const {
    if (name_.size() < 2) return false;
    std::string_view inside = name_.substr(1, name_.size() - 2);
    if (inside == unescaped) return inside.find('\\') == std::string_view::npos;
    // An escape is never shorter than what it stands for.
    return inside.size() > unescaped.size() && inside.find('\\') != std::string_view::npos &&
           unescape(name_) == unescaped;
}

ElementCursor::ElementCursor(std::string_view array) noexcept
    : at_(first_inside(array, '[')), end_(array.data() + array.size()) {}

bool ElementCursor::next() noexcept {
    if (at_ < end_ && *at_ == ',') ++at_;
    if (at_ >= end_ || *at_ == ']') return false;
    const char* value = at_;
    at_ = skip_value(value, end_);
    value_ = view(value, at_);
    return at_ != value;  // no text that was validated has an empty value; any other must end as well
}

}  // namespace sluice::json
