#pragma once

#include <string>
#include <string_view>

#include "auth/google_key_file.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice::auth {

/// What a self-signed token says (RFC 7519; https://google.aip.dev/auth/4111).
struct JwtClaims {
    std::string_view audience;  ///< `https://pubsub.googleapis.com/`
    Timestamp issued;
    Timestamp expires;
};

/// A service account's own token: header, claims and RS256 signature, each base64url without padding, joined by dots
/// (RFC 7515). Costs a millisecond of CPU. An error when the key cannot sign.
Result<Secret> sign_google_jwt(const GoogleServiceAccount& account, const JwtClaims& claims);

/// The RS256 signature of `text` under a PEM key, as raw bytes.
Result<std::string> rs256_signature(const Secret& private_key_pem, std::string_view text);

/// RFC 4648 §5, without padding.
std::string base64url(std::string_view bytes);

}  // namespace sluice::auth
