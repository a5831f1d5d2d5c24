#pragma once

#include <string>
#include <string_view>

namespace sluice::http {

/// Appends `text` as a JSON string. What is not UTF-8 (a header's bytes may be anything) becomes U+FFFD, byte by byte.
/// Small on purpose: problem documents are all that http itself writes in JSON, and `json` is not below it.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice::http
