#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace sluice {
namespace {

bool is_continuation(char c) noexcept {
    return (static_cast<std::uint8_t>(c) & 0xC0) == 0x80;
}

/// The length of the sequence at the beginning of `text`; 0 when there is none that is valid.
std::size_t sequence_length(std::string_view text) noexcept {
    auto first = static_cast<std::uint8_t>(text[0]);
    if (first < 0x80) return 1;
    std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if (!is_continuation(text[i])) return 0;
    auto second = static_cast<std::uint8_t>(text[1]);
    bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    bool surrogate = first == 0xED && second >= 0xA0;
    bool beyond = first == 0xF4 && second >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

/// C0 and C1, which terminals obey, and DEL.
bool is_control(std::string_view character) noexcept {
    auto first = static_cast<std::uint8_t>(character[0]);
    if (character.size() == 1) return first < 0x20 || first == 0x7f;
    return first == 0xC2 && static_cast<std::uint8_t>(character[1]) < 0xA0;
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        std::size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string shown_text(std::string_view text, std::size_t most_bytes) {
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    std::string out;
    while (!text.empty()) {
        std::size_t length = sequence_length(text);
        std::string_view shown = length == 0 ? kReplacement : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
        if (is_control(shown)) {
            if (out.empty() || out.back() == ' ') continue;
            shown = " ";
        }
        if (out.size() + shown.size() > most_bytes) break;
        out += shown;
    }
    return out;
}

}  // namespace sluice
