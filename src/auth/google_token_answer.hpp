#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice::auth {

/// What a token endpoint or a metadata server gives out (RFC 6749, 5.1).
struct GoogleTokenAnswer {
    Secret access_token;
    std::chrono::seconds lasts{3600};
};

/// Reads an answer by its status and body. Errc::unauthenticated when it says that the credentials are no good
/// (`invalid_grant`…), else unavailable. The message has the provider's own code and nothing of the body beside it.
Result<GoogleTokenAnswer> read_google_token_answer(int status, std::string_view body);

}  // namespace sluice::auth
