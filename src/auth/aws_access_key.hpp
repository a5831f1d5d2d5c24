#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice::auth {

struct AwsAccessKey {
    std::string id;
    Secret secret;
    Secret session_token;  ///< empty for long-lived keys
};

/// Reads an access key out of whatever AWS hands out, pasted whole: the console's CSV (columns by name, in any order,
/// comma, semicolon or tab), `rootkey.csv`, the lines of a credentials file, or the `export AWS_…` lines of the access
/// portal. What is something else is refused by its name: the console sign-in's CSV, another cloud's file. The error's
/// message follows a member's path (`is empty`) and contains nothing of the text.
Result<AwsAccessKey> parse_pasted_access_key(std::string_view text);

/// Whether the text is something AWS hands out to sign in or to sign with, good or not: what parse_pasted_access_key
/// tells about it then helps, and for any other text does not.
bool is_from_aws_iam(std::string_view text);

/// Whether these can be an access key at all, with what is wrong where they cannot (swapped, cut, a role's id…).
Result<void> check_access_key(const AwsAccessKey& key);

}  // namespace sluice::auth
