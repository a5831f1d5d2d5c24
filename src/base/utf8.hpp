#pragma once

#include <string_view>

namespace sluice {

/// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. For short texts (tags, names); what is parsed
/// in bulk is checked by json.
bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace sluice
