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

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        std::size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace sluice
