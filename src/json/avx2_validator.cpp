#include "json/avx2_validator.hpp"

#if !defined(__x86_64__)

namespace sluice::json::internal {

bool accept_avx2(std::string_view, const JsonLimits&, std::string*) {
    return false;
}

}  // namespace sluice::json::internal

#else

#include <simdjson.h>

#include "json/avx2_scanner.hpp"
#include "json/nesting.hpp"

namespace sluice::json::internal {

namespace {

/// What may stand directly after a number or a word.
constexpr std::array<bool, 256> make_terminators() {
    std::array<bool, 256> ends{};
    for (unsigned char c : {' ', '\t', '\r', '\n', ',', ':', '[', ']', '{', '}'}) ends[c] = true;
    return ends;
}
constexpr auto kEndsScalar = make_terminators();

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
const char* skip_word(const char* p, const char* end, std::string_view expected) {
    return std::string_view(p, static_cast<std::size_t>(end - p)).starts_with(expected) ? p + expected.size() : nullptr;
}

/// The number or word at `p`, and that it ends where a token may end. (Not inlined: the walk needs the registers.)
SLUICE_AVX2 __attribute__((noinline)) bool accept_scalar(const char* p, const char* end) {
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

/// The grammar over tokens. No recursion: depth is the caller's to choose.
SLUICE_AVX2 bool walk(TokenScanner& scanner, std::size_t max_depth) {
    TokenCursor tokens(scanner);
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
        } else if (c != '"' && (c == '\0' || !accept_scalar(tokens.token(), scanner.end()))) {
            return false;
        }
        // Here a value is complete.
        for (;;) {
            if (nesting.empty()) return !tokens.has_next() && scanner.finished();
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

SLUICE_AVX2 bool accept_avx2(std::string_view text, const JsonLimits& limits, std::string* out) {
    if (text.empty()) return false;
    std::size_t before = out ? out->size() : 0;
    TokenScanner scanner(text, out);
    bool good = walk(scanner, limits.max_depth) &&
                (!scanner.saw_non_ascii() || simdjson::validate_utf8(text.data(), text.size()));
    if (!good && out) out->resize(before);
    return good;
}

}  // namespace sluice::json::internal

#endif
