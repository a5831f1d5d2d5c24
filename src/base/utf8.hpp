#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. For short texts (tags, names); what is parsed
/// in bulk is checked by json.
bool is_valid_utf8(std::string_view text) noexcept;

/// Somebody else's words as they may be kept, logged and shown: a provider's message, which may be any bytes. One line
/// of valid UTF-8 of at most `most_bytes`, cut between two characters; U+FFFD stands for each byte that is none, and
/// one blank for control characters in a row.
std::string shown_text(std::string_view text, std::size_t most_bytes);

}  // namespace sluice
