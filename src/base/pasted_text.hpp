#pragma once

#include <string_view>

namespace sluice {

inline bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// What was pasted, without the white space that came with it.
std::string_view trimmed(std::string_view text) noexcept;
/// What a person pasted, without what came along: byte order mark, white space around, a pair of quotes around all of
/// it.
std::string_view clean_pasted(std::string_view text) noexcept;

}  // namespace sluice
