#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::sandbox {

/// A signed JWT in compact form (RFC 7515, RFC 7519) taken apart, with the claims that Google's services look at.
struct Jwt {
    std::string algorithm;
    std::string key_id;  ///< empty when absent
    std::string issuer;
    std::string subject;
    std::string audience;
    std::string scope;  ///< names, separated by spaces
    std::int64_t issued_at = 0;
    std::int64_t expires = 0;
    std::string_view signed_text;  ///< into the text that was parsed
    std::string signature;
};

/// Takes apart, does not verify. Errors say what is malformed, without quoting it.
Result<Jwt> parse_jwt(std::string_view text);

}  // namespace sluice::sandbox
