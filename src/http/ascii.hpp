#pragma once

#include <algorithm>
#include <string_view>

namespace sluice::http {

// HTTP is case-insensitive in ASCII only; <cctype> asks the locale.

constexpr char to_lower_ascii(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower_ascii(x) == to_lower_ascii(y); });
}

constexpr std::string_view trim_blanks(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Calls `see` with every element of a comma-separated list, trimmed; empty elements are left out (RFC 9110, 5.6.1).
template <class F>
void for_each_element(std::string_view list, F see) {
    while (true) {
        auto comma = list.find(',');
        auto element = trim_blanks(list.substr(0, comma));
        if (!element.empty()) see(element);
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

}  // namespace sluice::http
