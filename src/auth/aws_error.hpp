#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "auth/aws_credentials.hpp"
#include "http/message.hpp"

namespace sluice::auth {

/// An error as an AWS service tells it, of whatever protocol.
struct AwsError {
    int status = 0;
    std::string code;     ///< bare: `ResourceNotFoundException`; `http_503` when the answer names none
    std::string message;  ///< the service's own words, one line, bounded
    std::string request_id;
};

/// `com.amazonaws.sqs#QueueDoesNotExist:http://…` gives `QueueDoesNotExist`.
std::string_view bare_aws_error_code(std::string_view raw) noexcept;

/// Reads JSON bodies (`__type` or `code`), XML bodies (`<Code>`) and the X-Amzn-ErrorType header. Never fails: what
/// cannot be read gives `http_<status>`. Messages are cut at the first line break, because the rest of a refused
/// signature's message repeats the request's headers, session token included; `used` are the credentials whose secrets
/// are struck out as well.
AwsError read_aws_error(int status, const http::Headers& headers, std::string_view body, const AwsCredentials& used);

/// What an error code says about the caller, common to all services. The services' own codes are `other`.
enum class AwsErrorKind {
    expired_credentials,  ///< refresh them, once
    unknown_key,          ///< no such access key, or a broken token
    wrong_signature,      ///< wrong secret, or a clock that is off
    access_denied,        ///< known, but not allowed
    throttled,
    service_fault,  ///< the service's own: it may have acted all the same
    other,
};
/// By code first, since throttling comes with every status there is; then by status.
AwsErrorKind aws_error_kind(std::string_view code, int status) noexcept;

/// What to do about it, in plain words; empty for throttled, service_fault and other.
std::string_view aws_error_hint(AwsErrorKind kind) noexcept;

}  // namespace sluice::auth
