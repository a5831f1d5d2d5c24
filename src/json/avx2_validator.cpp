#include "json/avx2_validator.hpp"

#if !defined(__x86_64__)

namespace sluice::json::internal {

bool has_avx2() noexcept {
    return false;
}
bool accept_avx2(std::string_view, const JsonLimits&, std::string*) {
    return false;
}

}  // namespace sluice::json::internal

#else

#include <immintrin.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "json/nesting.hpp"

/// Only functions marked so may use the instructions that has_avx2() asks for; the build itself assumes none of them.
#define SLUICE_AVX2 __attribute__((target("avx2,bmi,pclmul,popcnt")))

namespace sluice::json::internal {

namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kBlocksPerWindow = 64;
constexpr std::size_t kWindow = kBlock * kBlocksPerWindow;

constexpr std::array<std::int8_t, 256> make_hex_values() {
    std::array<std::int8_t, 256> values{};
    for (auto& value : values) value = -1;
    for (int i = 0; i < 10; ++i) values['0' + i] = static_cast<std::int8_t>(i);
    for (int i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<std::int8_t>(10 + i);
    return values;
}

/// What may stand directly after a number or a word.
constexpr std::array<bool, 256> make_terminators() {
    std::array<bool, 256> ends{};
    for (unsigned char c : {' ', '\t', '\r', '\n', ',', ':', '[', ']', '{', '}'}) ends[c] = true;
    return ends;
}

constexpr auto kHexValue = make_hex_values();
constexpr auto kEndsScalar = make_terminators();

/// A \u escape at `p`: its code unit, or -1.
int code_unit(const char* p, const char* end) {
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
    auto digit = [&](int i) -> int { return kHexValue[static_cast<unsigned char>(p[i])]; };
    int a = digit(2), b = digit(3), c = digit(4), d = digit(5);
    return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

/// Finds tokens: brackets, colons, commas and the first byte of each string, number and word, in order, a window of
/// text at a time. Strings are checked in passing (control characters, escapes, that they end), so that nobody needs to
/// read them again.
class TokenScanner {
  public:
    TokenScanner(std::string_view text, std::string* out)
        : begin_(text.data()), end_(begin_ + text.size()), out_(out) {}

    /// The first byte of the next token; NUL, which starts none, when there is no more or a string was bad.
    SLUICE_AVX2 char next() {
        if (next_ == token_count_ && !refill()) return '\0';
        token_ = window_ + tokens_[next_++];
        return *token_;
    }
    /// Where the token that next() gave stands in the text.
    const char* token() const { return token_; }
    const char* end() const { return end_; }

    /// True when everything was scanned and handed out and all strings were good.
    SLUICE_AVX2 bool finished() { return next_ == token_count_ && !refill() && !bad_ && in_string_ == 0; }
    bool saw_non_ascii() const { return non_ascii_ != 0; }

  private:
    SLUICE_AVX2 __attribute__((noinline)) bool refill() {
        token_count_ = 0;
        next_ = 0;
        while (token_count_ == 0 && scanned_until_ != end_ && !bad_) scan_window();
        return token_count_ != 0 && !bad_;
    }

    SLUICE_AVX2 void scan_window() {
        window_ = scanned_until_;
        std::size_t size = std::min<std::size_t>(kWindow, end_ - window_);
        std::size_t whole = size / kBlock * kBlock;
        std::uint64_t any_white = 0;
        for (std::size_t at = 0; at < whole; at += kBlock) any_white |= scan_block(window_ + at, at);
        if (whole != size) {
            // The last bytes are scanned in a copy: nothing is read past the end of the text.
            alignas(32) char rest[kBlock];
            std::memset(rest, ' ', kBlock);
            std::memcpy(rest, window_ + whole, size - whole);
            std::uint64_t inside = (std::uint64_t{1} << (size - whole)) - 1;
            any_white |= scan_block(rest, whole) & inside;
        }
        scanned_until_ = window_ + size;
        if (out_ && !bad_) write_window(size, any_white != 0);
    }

    /// Adds the tokens of the 64 bytes at `bytes`, which stand at window_ + `at`. Returns where white space can be left
    /// out.
    SLUICE_AVX2 std::uint64_t scan_block(const char* bytes, std::size_t at) {
        __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
        __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32));
        non_ascii_ |= static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(low, high)));

        std::uint64_t backslashes = equal_to(low, high, '\\');
        std::uint64_t escaped = 0;
        if (backslashes | escape_carry_) [[unlikely]]
            escaped = check_escapes(backslashes, window_ + at);
        std::uint64_t quotes = equal_to(low, high, '"') & ~escaped;
        // From each opening quote up to, but without, its closing quote.
        std::uint64_t in_string = parity_up_to(quotes) ^ in_string_;
        in_string_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(in_string) >> 63);

        // A byte is white space, or (with bit 5 set, which joins the two kinds of bracket) punctuation, if it equals
        // what stands at its low nibble. 0x0C and 0x1A pass for punctuation here; the walk knows no such token and
        // refuses them.
        const __m256i white_by_nibble = _mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0,  //
                                                         ' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
        const __m256i punctuation_by_nibble =
            _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0,  //
                             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
        const __m256i bit5 = _mm256_set1_epi8(0x20);
        std::uint64_t white = mask(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(white_by_nibble, low), low),
                                   _mm256_cmpeq_epi8(_mm256_shuffle_epi8(white_by_nibble, high), high));
        std::uint64_t punctuation =
            mask(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(punctuation_by_nibble, low), _mm256_or_si256(low, bit5)),
                 _mm256_cmpeq_epi8(_mm256_shuffle_epi8(punctuation_by_nibble, high), _mm256_or_si256(high, bit5)));
        const __m256i last_control = _mm256_set1_epi8(0x1F);
        std::uint64_t controls = mask(_mm256_cmpeq_epi8(_mm256_min_epu8(low, last_control), low),
                                      _mm256_cmpeq_epi8(_mm256_min_epu8(high, last_control), high));
        bad_ |= (controls & in_string) != 0;

        std::uint64_t plain = ~(punctuation | white | quotes);
        std::uint64_t plain_starts = plain & ~(plain << 1 | plain_carry_);
        plain_carry_ = plain >> 63;
        add_tokens(((punctuation | plain_starts) & ~in_string) | (quotes & in_string), static_cast<std::uint16_t>(at));

        white &= ~in_string;
        white_[at / kBlock] = white;
        return white;
    }

    SLUICE_AVX2 static std::uint64_t mask(__m256i low, __m256i high) {
        auto low_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(low));
        auto high_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(high));
        return low_bits | static_cast<std::uint64_t>(high_bits) << 32;
    }

    SLUICE_AVX2 static std::uint64_t equal_to(__m256i low, __m256i high, char c) {
        const __m256i wanted = _mm256_set1_epi8(c);
        return mask(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
    }

    /// Bit i of the answer: whether an odd number of bits 0 to i is set. (A carry-less product with all ones.)
    SLUICE_AVX2 static std::uint64_t parity_up_to(std::uint64_t bits) {
        __m128i product =
            _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<std::int64_t>(bits)), _mm_set1_epi8(-1), 0);
        return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
    }

    /// Checks each escape that starts in the block at `block`; returns which bytes are the second of an escape.
    SLUICE_AVX2 __attribute__((noinline)) std::uint64_t check_escapes(std::uint64_t backslashes, const char* block) {
        std::uint64_t escaped = escape_carry_;
        escape_carry_ = 0;
        std::uint64_t starts = backslashes & ~escaped;
        while (starts != 0) {
            auto at = static_cast<unsigned>(_tzcnt_u64(starts));
            bad_ |= !check_escape(block + at);
            escaped |= std::uint64_t{2} << at;
            escape_carry_ = at == 63;
            starts &= starts - 1;
            starts &= ~escaped;
        }
        return escaped;
    }

    bool check_escape(const char* p) {
        if (p + 1 == end_) return false;
        switch (p[1]) {
            case '"':
            case '\\':
            case '/':
            case 'b':
            case 'f':
            case 'n':
            case 'r':
            case 't':
                return true;
            case 'u': {
                int code = code_unit(p, end_);
                bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
                if (!is_surrogate) return code >= 0;
                if (code >= 0xDC00) return p == low_of_pair_;
                int low = code_unit(p + 6, end_);
                low_of_pair_ = p + 6;
                return low >= 0xDC00 && low <= 0xDFFF;
            }
            default:
                return false;
        }
    }

    SLUICE_AVX2 void add_tokens(std::uint64_t bits, std::uint16_t at) {
        // Eight at a time whether or not there are as many: cheaper than a branch that cannot be foretold.
        std::uint16_t* to = tokens_ + token_count_;
        auto count = static_cast<unsigned>(_mm_popcnt_u64(bits));
        token_count_ += count;
        for (unsigned done = 0; done < count; done += 8) {
            for (unsigned i = 0; i < 8; ++i) {
                to[done + i] = static_cast<std::uint16_t>(at + _tzcnt_u64(bits));
                bits &= bits - 1;
            }
        }
    }

    SLUICE_AVX2 void write_window(std::size_t size, bool has_white) {
        if (!has_white) {
            out_->append(window_, size);
            return;
        }
        std::size_t before = out_->size();
        out_->resize(before + size +
                     kBlock);  // each run is written as a whole block; the next one overwrites the excess
        char* to = out_->data() + before;
        for (std::size_t at = 0; at < size; at += kBlock) {
            std::uint64_t inside = size - at >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << (size - at)) - 1;
            to = write_runs(to, window_ + at, ~white_[at / kBlock] & inside);
        }
        out_->resize(static_cast<std::size_t>(to - out_->data()));
    }

    /// Copies the bytes of the block that `keep` names, run by run.
    SLUICE_AVX2 char* write_runs(char* to, const char* block, std::uint64_t keep) const {
        while (keep != 0) {
            std::uint64_t start = _tzcnt_u64(keep);
            std::uint64_t length = _tzcnt_u64(~(keep >> start));
            const char* from = block + start;
            if (static_cast<std::size_t>(end_ - from) >= kBlock) {
                __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
                __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 32));
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), low);
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32), high);
            } else {
                std::memcpy(to, from, length);
            }
            to += length;
            std::uint64_t run_end = start + length;
            keep = run_end >= 64 ? 0 : keep >> run_end << run_end;
        }
        return to;
    }

    const char* begin_;
    const char* end_;
    std::string* out_;
    const char* scanned_until_ = begin_;
    const char* window_ = begin_;
    const char* token_ = begin_;
    std::size_t token_count_ = 0;
    std::size_t next_ = 0;
    std::uint64_t in_string_ = 0;     ///< all ones when the block before ended inside a string
    std::uint64_t escape_carry_ = 0;  ///< 1 when the block before ended in the first byte of an escape
    std::uint64_t plain_carry_ = 0;   ///< 1 when the block before ended in a byte of a number or word
    std::uint32_t non_ascii_ = 0;
    bool bad_ = false;
    const char* low_of_pair_ = nullptr;  ///< where the low half of the last surrogate pair stands
    // Not initialised: most texts use little of them. The eight more are for add_tokens' last round.
    std::uint64_t white_[kBlocksPerWindow];
    std::uint16_t tokens_[kWindow + 8];
};

/// Past the digits at `p`, eight at a time.
SLUICE_AVX2 const char* skip_digits(const char* p, const char* end) {
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

/// The number or word at `p`, and that it ends where a token may end.
SLUICE_AVX2 bool accept_scalar(const char* p, const char* end) {
    auto word = [&](std::string_view expected) {
        bool found = static_cast<std::size_t>(end - p) >= expected.size() &&
                     std::memcmp(p, expected.data(), expected.size()) == 0;
        p += found ? expected.size() : 0;
        return found;
    };
    switch (*p) {
        case 't':
            if (!word("true")) return false;
            break;
        case 'f':
            if (!word("false")) return false;
            break;
        case 'n':
            if (!word("null")) return false;
            break;
        default: {
            auto some_digits = [&]() SLUICE_AVX2 {
                const char* first = p;
                p = skip_digits(p, end);
                return p != first;
            };
            p += *p == '-';
            bool leading_zero = p != end && *p == '0';
            const char* integer = p;
            if (!some_digits() || (leading_zero && p - integer != 1)) return false;
            if (p != end && *p == '.') {
                ++p;
                if (!some_digits()) return false;
            }
            if (p != end && (*p == 'e' || *p == 'E')) {
                ++p;
                if (p != end && (*p == '+' || *p == '-')) ++p;
                if (!some_digits()) return false;
            }
        }
    }
    return p == end || kEndsScalar[static_cast<unsigned char>(*p)];
}

/// The grammar over tokens. No recursion: depth is the caller's to choose.
SLUICE_AVX2 bool walk(TokenScanner& tokens, std::size_t max_depth) {
    Nesting nesting;
    char c = tokens.next();
    for (;;) {
        // Here `c` starts a value.
        if (c == '{' || c == '[') {
            if (nesting.depth() >= max_depth) return false;
            bool is_object = c == '{';
            nesting.open(is_object);
            c = tokens.next();
            if (c != (is_object ? '}' : ']')) {
                if (is_object) {
                    if (c != '"' || tokens.next() != ':') return false;
                    c = tokens.next();
                }
                continue;
            }
            nesting.close();
        } else if (c != '"' && !accept_scalar(tokens.token(), tokens.end())) {
            return false;
        }
        // Here a value is complete.
        for (;;) {
            if (nesting.empty()) return tokens.finished();
            bool in_object = nesting.in_object();
            c = tokens.next();
            if (c == ',') {
                c = tokens.next();
                if (in_object) {
                    if (c != '"' || tokens.next() != ':') return false;
                    c = tokens.next();
                }
                break;
            }
            if (c != (in_object ? '}' : ']')) return false;
            nesting.close();
        }
    }
}

}  // namespace

bool has_avx2() noexcept {
    static const bool found = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                              __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt");
    return found;
}

SLUICE_AVX2 bool accept_avx2(std::string_view text, const JsonLimits& limits, std::string* out) {
    if (text.empty()) return false;
    std::size_t before = out ? out->size() : 0;
    TokenScanner tokens(text, out);
    bool good = walk(tokens, limits.max_depth) &&
                (!tokens.saw_non_ascii() || simdjson::validate_utf8(text.data(), text.size()));
    if (!good && out) out->resize(before);
    return good;
}

}  // namespace sluice::json::internal

#endif
