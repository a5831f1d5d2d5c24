#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "auth/aws_credentials.hpp"
#include "auth/aws_error.hpp"
#include "base/result.hpp"

namespace sluice::auth {

/// What is asked of AWS STS and what it answers, as text (query protocol, API version 2011-06-15). Pure.
struct StsAssumeRole {
    std::string role_arn;
    std::string session_name;
    std::string external_id;  ///< empty: none
    std::chrono::seconds duration{3600};

    std::string form() const;
};

struct StsWebIdentity {
    std::string role_arn;
    std::string session_name;
    std::string token;

    std::string form() const;
};

constexpr std::string_view kStsContentType = "application/x-www-form-urlencoded; charset=utf-8";

/// The credentials in a 200 answer. Errc::unavailable when it is not an answer of STS.
Result<AwsCredentials> read_sts_credentials(std::string_view xml);

/// In plain words why a role could not be assumed. `asked` is the role; `external_id` is what it was asked with, which
/// its trust policy must name.
Error sts_error(const AwsError& error, std::string_view asked, std::string_view external_id = {});

/// A session name STS takes: 2 to 64 of `[A-Za-z0-9_=,.@-]`; what is not becomes `-`.
std::string sts_session_name(std::string_view wanted);

}  // namespace sluice::auth
