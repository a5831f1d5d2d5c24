#pragma once

// The AVX2 validator's first half: from bytes to tokens. Include it on x86-64 only.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include "json/avx2_bits.hpp"
#include "json/avx2_numbers.hpp"

namespace sluice::json::internal {

constexpr std::size_t kBlocksPerWindow = 64;
constexpr std::size_t kWindow = kBlock * kBlocksPerWindow;

/// For each set of eight bytes to keep: which bytes to take, in order, to have them side by side.
constexpr std::array<std::uint64_t, 256> make_gather_table() {
    std::array<std::uint64_t, 256> table{};
    for (unsigned keep = 0; keep < 256; ++keep) {
        unsigned written = 0;
        for (std::uint64_t i = 0; i < 8; ++i) {
            if (keep >> i & 1) table[keep] |= i << 8 * written++;
        }
    }
    return table;
}
inline constexpr auto kGather = make_gather_table();

constexpr std::array<std::int8_t, 256> make_hex_values() {
    std::array<std::int8_t, 256> values{};
    for (auto& value : values) value = -1;
    for (int i = 0; i < 10; ++i) values['0' + i] = static_cast<std::int8_t>(i);
    for (int i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<std::int8_t>(10 + i);
    return values;
}
inline constexpr auto kHexValue = make_hex_values();

/// A block of text and where tokens start in it, one bit a byte.
struct TokenBlock {
    std::uint64_t starts = 0;
    const char* text = nullptr;
};

/// Finds where tokens start: brackets, colons, commas and the first byte of each string, number and word, a window of
/// text at a time. Strings are checked in passing (control characters, escapes, that they end), so that nobody needs to
/// read them again. With `out`, what was scanned is appended to it without insignificant white space.
class TokenScanner {
  public:
    TokenScanner(std::string_view text, std::string* out)
        : window_(text.data()), scanned_until_(text.data()), end_(text.data() + text.size()), out_(out) {}

    /// The next block that has tokens; one without any when there is none, or something was bad.
    SLUICE_AVX2 __attribute__((noinline)) TokenBlock next_block() {
        for (;;) {
            if (block_ == block_count_) {
                if (!scan_window()) return {};
                block_ = 0;
            }
            std::size_t block = block_++;
            if (starts_[block] != 0) return {starts_[block], window_ + block * kBlock};
        }
    }

    /// True when all of the text was scanned, nothing was bad, and the last string ended.
    bool finished() const { return scanned_until_ == end_ && !bad_ && in_string_ == 0; }
    bool saw_non_ascii() const { return non_ascii_ != 0; }

  private:
    /// On to the next window; false when there is none, or something was bad.
    SLUICE_AVX2 bool scan_window() {
        if (scanned_until_ == end_ || bad_) return false;
        window_ = scanned_until_;
        std::size_t size = std::min<std::size_t>(kWindow, static_cast<std::size_t>(end_ - window_));
        std::size_t whole = size / kBlock;
        std::uint64_t any_white = 0;
        for (std::size_t i = 0; i < whole; ++i) any_white |= scan_block(window_ + i * kBlock, i);
        block_count_ = whole;
        if (std::size_t left = size % kBlock; left != 0) {
            char rest[kBlock];
            any_white |= scan_block(padded(window_ + whole * kBlock, left, rest), whole) & first_bits(left);
            ++block_count_;
        }
        scanned_until_ = window_ + size;
        if (out_ && !bad_) write_window(size, any_white != 0);
        return !bad_;
    }

    static std::uint64_t first_bits(std::size_t count) { return (std::uint64_t{1} << count) - 1; }

    /// The text's last bytes in a block of their own, so that nothing past its end is read.
    static const char* padded(const char* bytes, std::size_t size, char* block) {
        std::memset(block, ' ', kBlock);
        std::memcpy(block, bytes, size);
        return block;
    }

    /// Notes the tokens of the window's block `index`, read at `bytes`. Returns its insignificant white space.
    SLUICE_AVX2_INLINE std::uint64_t scan_block(const char* bytes, std::size_t index) {
        Block block = load_block(bytes);
        non_ascii_ |= static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(block.low, block.high)));

        std::uint64_t backslashes = equal_to(block, '\\');
        std::uint64_t escaped = 0;
        if (backslashes | escape_carry_) [[unlikely]]
            escaped = check_escapes(backslashes, window_ + index * kBlock);
        std::uint64_t quotes = equal_to(block, '"') & ~escaped;
        // From each opening quote up to, but without, its closing quote.
        std::uint64_t in_string = parity_up_to(quotes) ^ in_string_;
        in_string_ = spread_top_bit(in_string);

        const __m256i last_control = _mm256_set1_epi8(0x1F);
        std::uint64_t controls = bitmap(_mm256_cmpeq_epi8(_mm256_min_epu8(block.low, last_control), block.low),
                                        _mm256_cmpeq_epi8(_mm256_min_epu8(block.high, last_control), block.high));
        bad_ |= (controls & in_string) != 0;

        // A byte is white space, or (with bit 5 set) punctuation, if it equals what stands at its low nibble. 0x0C and
        // 0x1A pass for punctuation here; the grammar knows no such token and refuses them.
        const __m256i white_by_nibble = _mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0,  //
                                                         ' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
        const __m256i punctuation_by_nibble =
            _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0,  //
                             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
        Block joined = with_bit5(block);
        std::uint64_t white = bitmap(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(white_by_nibble, block.low), block.low),
                                     _mm256_cmpeq_epi8(_mm256_shuffle_epi8(white_by_nibble, block.high), block.high));
        std::uint64_t punctuation =
            bitmap(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(punctuation_by_nibble, block.low), joined.low),
                   _mm256_cmpeq_epi8(_mm256_shuffle_epi8(punctuation_by_nibble, block.high), joined.high));

        std::uint64_t plain = ~(punctuation | white | quotes | in_string);
        std::uint64_t plain_starts = plain & ~(plain << 1 | plain_carry_);
        plain_carry_ = plain >> 63;
        if (plain_starts != 0) check_plain(block, window_ + index * kBlock, plain_starts, plain, punctuation | white);

        starts_[index] = (punctuation & ~in_string) | plain_starts | (quotes & in_string);
        white_[index] = white & ~in_string;
        return white_[index];
    }

    /// Checks the numbers and words that start in a block: its plain numbers at once, the others one by one.
    SLUICE_AVX2_INLINE void check_plain(const Block& block, const char* text, std::uint64_t starts, std::uint64_t plain,
                                        std::uint64_t ends) {
        NumberBits bits = number_bits(block);
        std::uint64_t others = starts & ~(bits.digits | bits.minuses);
        // The last one may go on in the next block.
        if (plain >> 63) others |= std::bit_floor(starts);
        if (!are_plain_numbers(starts & ~others, bits, ends)) [[unlikely]]
            others = starts;
        for (; others != 0; others &= others - 1) bad_ |= !accept_scalar(text + _tzcnt_u64(others), end_);
    }

    SLUICE_AVX2 __attribute__((noinline)) std::uint64_t check_escapes(std::uint64_t backslashes, const char* block) {
        bool all_good = true;
        std::uint64_t escaped =
            escaped_bytes(backslashes, escape_carry_, [&](unsigned at) { all_good &= check_escape(block + at); });
        bad_ |= !all_good;
        return escaped;
    }

    bool check_escape(const char* p) {
        if (p + 1 == end_) return false;
        if (p[1] != 'u') return std::string_view("\"\\/bfnrt").find(p[1]) != std::string_view::npos;
        int code = code_unit(p);
        bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (!is_surrogate) return code >= 0;
        if (code >= 0xDC00) return p == low_of_pair_;
        int low = code_unit(p + 6);
        low_of_pair_ = p + 6;
        return low >= 0xDC00 && low <= 0xDFFF;
    }

    /// The code unit of a \u escape at `p`, or -1.
    int code_unit(const char* p) const {
        if (end_ - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
        auto digit = [&](int i) -> int { return kHexValue[static_cast<unsigned char>(p[i])]; };
        int a = digit(2), b = digit(3), c = digit(4), d = digit(5);
        return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
    }

    SLUICE_AVX2 void write_window(std::size_t size, bool has_white) {
        if (!has_white) {
            out_->append(window_, size);
            return;
        }
        std::size_t before = out_->size();
        // Each step writes eight bytes whatever it keeps; the next one overwrites the excess.
        out_->resize(before + size + kBlock);
        char* to = out_->data() + before;
        for (std::size_t i = 0; i < block_count_; ++i) {
            const char* block = window_ + i * kBlock;
            std::size_t left = size - i * kBlock;
            char rest[kBlock];
            // The padding is white space, so it is left out with the rest of it.
            to = write_kept(to, left >= kBlock ? block : padded(block, left, rest), ~white_[i]);
        }
        out_->resize(static_cast<std::size_t>(to - out_->data()));
    }

    /// Writes the bytes of the block that `keep` names side by side, without a branch that would have to be guessed.
    SLUICE_AVX2_INLINE static char* write_kept(char* to, const char* block, std::uint64_t keep) {
        for (std::size_t at = 0; at < kBlock; at += 8) {
            std::uint64_t set = keep >> at & 0xFF;
            __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(block + at));
            __m128i order = _mm_cvtsi64_si128(static_cast<std::int64_t>(kGather[set]));
            _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(bytes, order));
            to += _mm_popcnt_u64(set);
        }
        return to;
    }

    const char* window_;
    const char* scanned_until_;
    const char* end_;
    std::string* out_;
    std::size_t block_ = 0;           ///< of the window, the next to hand out
    std::size_t block_count_ = 0;     ///< in the window
    std::uint64_t in_string_ = 0;     ///< all ones when the block before ended inside a string
    std::uint64_t escape_carry_ = 0;  ///< 1 when the block before ended in the first byte of an escape
    std::uint64_t plain_carry_ = 0;   ///< 1 when the block before ended in a byte of a number or word
    std::uint32_t non_ascii_ = 0;
    bool bad_ = false;
    const char* low_of_pair_ = nullptr;  ///< where the low half of the last surrogate pair stands
    // Not initialised: most texts use little of them.
    std::uint64_t starts_[kBlocksPerWindow];
    std::uint64_t white_[kBlocksPerWindow];
};

/// Hands out a scanner's tokens one by one. Lives in registers: the scanner's own state changes a block, not a token.
class TokenCursor {
  public:
    explicit TokenCursor(TokenScanner& scanner) : scanner_(scanner) {}

    /// False when there is no further token, or something was bad.
    SLUICE_AVX2_INLINE bool has_next() {
        if (block_.starts == 0) block_ = scanner_.next_block();
        return block_.starts != 0;
    }

    /// The first byte of the next token; NUL, which no value starts with, when there is none.
    SLUICE_AVX2_INLINE char next() {
        if (!has_next()) return '\0';
        char first = block_.text[_tzcnt_u64(block_.starts)];
        block_.starts &= block_.starts - 1;
        return first;
    }

  private:
    TokenScanner& scanner_;
    TokenBlock block_;
};

}  // namespace sluice::json::internal
