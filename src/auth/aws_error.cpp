#include "auth/aws_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <utility>

#include "auth/strike_out.hpp"
#include "auth/xml_text.hpp"
#include "base/utf8.hpp"

namespace sluice::auth {
namespace {

constexpr std::size_t kMaxMessageBytes = 500;

struct KnownCode {
    std::string_view code;
    AwsErrorKind kind;
};

constexpr std::array kKnownCodes = {
    KnownCode{"ExpiredToken", AwsErrorKind::expired_credentials},
    KnownCode{"ExpiredTokenException", AwsErrorKind::expired_credentials},
    KnownCode{"UnrecognizedClientException", AwsErrorKind::unknown_key},
    KnownCode{"InvalidClientTokenId", AwsErrorKind::unknown_key},
    KnownCode{"InvalidAccessKeyId", AwsErrorKind::unknown_key},
    KnownCode{"InvalidToken", AwsErrorKind::unknown_key},
    KnownCode{"InvalidSignatureException", AwsErrorKind::wrong_signature},
    KnownCode{"SignatureDoesNotMatch", AwsErrorKind::wrong_signature},
    KnownCode{"IncompleteSignature", AwsErrorKind::wrong_signature},
    KnownCode{"IncompleteSignatureException", AwsErrorKind::wrong_signature},
    KnownCode{"RequestTimeTooSkewed", AwsErrorKind::wrong_signature},
    KnownCode{"RequestExpired", AwsErrorKind::wrong_signature},
    KnownCode{"RequestInTheFuture", AwsErrorKind::wrong_signature},
    KnownCode{"AuthFailure", AwsErrorKind::wrong_signature},
    KnownCode{"MissingAuthenticationToken", AwsErrorKind::wrong_signature},
    KnownCode{"MissingAuthenticationTokenException", AwsErrorKind::wrong_signature},
    KnownCode{"AccessDenied", AwsErrorKind::access_denied},
    KnownCode{"AccessDeniedException", AwsErrorKind::access_denied},
    KnownCode{"NotAuthorized", AwsErrorKind::access_denied},
    KnownCode{"OptInRequired", AwsErrorKind::access_denied},
    KnownCode{"Throttling", AwsErrorKind::throttled},
    KnownCode{"ThrottlingException", AwsErrorKind::throttled},
    KnownCode{"ThrottledException", AwsErrorKind::throttled},
    KnownCode{"RequestThrottled", AwsErrorKind::throttled},
    KnownCode{"RequestThrottledException", AwsErrorKind::throttled},
    KnownCode{"TooManyRequestsException", AwsErrorKind::throttled},
    KnownCode{"ProvisionedThroughputExceededException", AwsErrorKind::throttled},
    KnownCode{"RequestLimitExceeded", AwsErrorKind::throttled},
    KnownCode{"BandwidthLimitExceeded", AwsErrorKind::throttled},
    KnownCode{"LimitExceededException", AwsErrorKind::throttled},
    KnownCode{"SlowDown", AwsErrorKind::throttled},
    KnownCode{"PriorRequestNotComplete", AwsErrorKind::throttled},
    KnownCode{"TransactionInProgressException", AwsErrorKind::throttled},
    KnownCode{"InternalFailure", AwsErrorKind::service_fault},
    KnownCode{"InternalFailureException", AwsErrorKind::service_fault},
    KnownCode{"InternalError", AwsErrorKind::service_fault},
    KnownCode{"InternalServerError", AwsErrorKind::service_fault},
    KnownCode{"ServiceUnavailable", AwsErrorKind::service_fault},
    KnownCode{"ServiceUnavailableException", AwsErrorKind::service_fault},
    KnownCode{"RequestTimeout", AwsErrorKind::service_fault},
    KnownCode{"RequestTimeoutException", AwsErrorKind::service_fault},
};

std::string text_of(const boost::json::object& object, std::initializer_list<std::string_view> names) {
    for (auto name : names) {
        const auto* value = object.if_contains(name);
        if (value != nullptr && value->is_string()) return {value->get_string().data(), value->get_string().size()};
    }
    return {};
}

/// The first line, bounded.
std::string tidy(std::string_view message) {
    message = message.substr(0, message.find_first_of("\r\n"));
    std::string shown = shown_text(message, kMaxMessageBytes);
    if (message.size() > kMaxMessageBytes) shown += "…";
    return shown;
}

}  // namespace

std::string_view bare_aws_error_code(std::string_view raw) noexcept {
    if (auto hash = raw.find('#'); hash != std::string_view::npos) raw.remove_prefix(hash + 1);
    return raw.substr(0, raw.find(':'));
}

AwsError read_aws_error(int status, const http::Headers& headers, std::string_view body, const AwsCredentials& used) {
    AwsError error;
    error.status = status;
    error.request_id = headers.get("x-amzn-requestid");
    if (error.request_id.empty()) error.request_id = headers.get("x-amz-request-id");

    boost::system::error_code not_json;
    auto parsed = boost::json::parse(body, not_json);
    if (!not_json && parsed.is_object()) {
        const auto& object = parsed.get_object();
        error.code = bare_aws_error_code(text_of(object, {"__type", "code", "Code"}));
        error.message = text_of(object, {"message", "Message", "errorMessage"});
    } else if (auto code = xml_text(body, "Code")) {
        error.code = bare_aws_error_code(*code);
        error.message = xml_text(body, "Message").value_or(std::string());
    }
    if (error.code.empty()) error.code = bare_aws_error_code(headers.get("x-amzn-errortype"));
    error.code = tidy(error.code);
    if (error.code.empty()) error.code = fmt::format("http_{}", status);
    const std::array secrets{used.secret_access_key, used.session_token};
    error.message = tidy(struck_out(error.message, secrets));
    return error;
}

AwsErrorKind aws_error_kind(std::string_view code, int status) noexcept {
    auto known =
        std::find_if(kKnownCodes.begin(), kKnownCodes.end(), [code](const KnownCode& k) { return k.code == code; });
    if (known != kKnownCodes.end()) return known->kind;
    if (code.starts_with("http_")) {
        // Nothing but the status is known.
        if (status == 401 || status == 403) return AwsErrorKind::access_denied;
        if (status == 429) return AwsErrorKind::throttled;
        if (status == 408) return AwsErrorKind::service_fault;
    }
    return status >= 500 ? AwsErrorKind::service_fault : AwsErrorKind::other;
}

std::string_view aws_error_hint(AwsErrorKind kind) noexcept {
    switch (kind) {
        case AwsErrorKind::expired_credentials:
            return "The session token has expired: paste fresh temporary credentials, or use an access key or a role.";
        case AwsErrorKind::unknown_key:
            return "AWS does not know this access key: was it deleted or deactivated, or is it of another partition "
                   "(China, GovCloud)? Create a new access key and paste its CSV.";
        case AwsErrorKind::wrong_signature:
            return "The secret access key does not belong to the access key id, or this machine's clock is off: paste "
                   "the "
                   "key's CSV again, and check the clock.";
        case AwsErrorKind::access_denied:
            return "The credentials are good, but their policy does not allow this: add the right named in the "
                   "message.";
        case AwsErrorKind::throttled:
        case AwsErrorKind::service_fault:
        case AwsErrorKind::other:
            return {};
    }
    return {};
}

}  // namespace sluice::auth
