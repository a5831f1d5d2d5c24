#pragma once

#include <string_view>

namespace sluice {

/// The hex SHA-256 of the empty text.
inline constexpr std::string_view kKeyOfEmptyText = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What an event is kept in order by, of the text that the key's template has for it. An empty text is a value like any
/// other, but few services carry an empty key and Message::key has no other word for none: its hash stands for it, as
/// one stands for a text that is too long for a service.
inline std::string_view ordering_key(std::string_view text) noexcept {
    return text.empty() ? kKeyOfEmptyText : text;
}

}  // namespace sluice
