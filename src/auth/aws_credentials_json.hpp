#pragma once

#include <string_view>

#include "auth/aws_credentials.hpp"
#include "base/result.hpp"

namespace sluice::auth {

/// The JSON that containers, instances and credential processes hand out: `AccessKeyId`, `SecretAccessKey`, `Token` or
/// `SessionToken`, `Expiration`. An answer that says why there are none (`Code`, `Message`) becomes that error.
/// The error names no value.
Result<AwsCredentials> read_aws_credentials_json(std::string_view text);

}  // namespace sluice::auth
