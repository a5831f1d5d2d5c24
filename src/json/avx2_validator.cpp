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

constexpr std::array<bool, 256> make_value_starts() {
    std::array<bool, 256> starts{};
    for (unsigned char c : std::string_view("\"-0123456789tfn")) starts[c] = true;
    return starts;
}
/// What a token that is a string, a number or a word starts with. The scanner has checked the rest of it.
constexpr auto kStartsValue = make_value_starts();

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
        } else if (!kStartsValue[static_cast<unsigned char>(c)]) {
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
