#include "sandbox/aws/sts_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::string_view kNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";
constexpr std::string_view kAssumeRole = "AssumeRole";
constexpr std::string_view kGetCallerIdentity = "GetCallerIdentity";
constexpr auto kDefaultSession = std::chrono::seconds(3600);
constexpr auto kShortestSession = std::chrono::seconds(900);
constexpr auto kLongestSession = std::chrono::seconds(43'200);

AwsError validation(std::string message) {
    return {400, "ValidationError", std::move(message), {}};
}

std::string escape_xml(std::string_view text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string element(std::string_view name, std::string_view text) {
    return fmt::format("<{0}>{1}</{0}>", name, escape_xml(text));
}

std::string envelope(std::string_view operation, std::string_view result) {
    return fmt::format(
        "<{0}Response xmlns=\"{1}\"><{0}Result>{2}</{0}Result><ResponseMetadata><RequestId>{3}</RequestId>"
        "</ResponseMetadata></{0}Response>",
        operation, kNamespace, result, hex_lower(random_bytes(16)));
}

}  // namespace

std::string form_field(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        auto end = std::min(form.find('&'), form.size());
        auto pair = form.substr(0, end);
        form.remove_prefix(std::min(form.size(), end + 1));
        auto equals = std::min(pair.find('='), pair.size());
        if (percent_decode(pair.substr(0, equals), true) != name) continue;
        return percent_decode(pair.substr(std::min(pair.size(), equals + 1)), true).value_or("");
    }
    return {};
}

StsApi::StsApi(Options options, KeyRing& keys, const Clock& clock)
    : options_(std::move(options)), keys_(keys), clock_(clock) {}

FaultWords StsApi::fault_words() const {
    return {service(), {kAssumeRole, kGetCallerIdentity}};
}

AwsResult<AwsCall> StsApi::prepare(std::string_view operation, http::Request& request) {
    AwsCall call;
    if (operation == kGetCallerIdentity) {
        call.run = [this](const Caller& caller) -> AwsResult<AwsReply> {
            auto key = keys_.find(caller.access_key_id);
            auto arn = key && key->expires ? key->origin : std::string("arn:aws:iam::000000000000:user/sandbox");
            return AwsReply{
                envelope("GetCallerIdentity", element("Arn", arn) + element("UserId", caller.access_key_id) +
                                                  element("Account", "000000000000")),
                false};
        };
        return call;
    }
    if (operation != kAssumeRole)
        return AwsError{
            400, "InvalidAction", fmt::format("Could not find operation {} for version 2011-06-15", operation), {}};

    auto role = form_field(request.body, "RoleArn");
    auto session = form_field(request.body, "RoleSessionName");
    auto external_id = form_field(request.body, "ExternalId");
    auto duration_text = form_field(request.body, "DurationSeconds");
    auto duration = kDefaultSession;
    if (!duration_text.empty()) {
        std::int64_t seconds = 0;
        auto [end, failure] =
            std::from_chars(duration_text.data(), duration_text.data() + duration_text.size(), seconds);
        duration = std::chrono::seconds(
            failure == std::errc() && end == duration_text.data() + duration_text.size() ? seconds : 0);
    }
    if (duration < kShortestSession || duration > kLongestSession)
        return validation("DurationSeconds must be from 900 to 43200");
    if (!role.starts_with("arn:") || role.find(":role/") == std::string::npos) return validation(role + " is invalid");
    if (session.size() < 2 || session.size() > 64)
        return validation("RoleSessionName must have from 2 to 64 characters");
    call.target = role;
    call.run = [=, this](const Caller& caller) { return assume_role(role, session, duration, external_id, caller); };
    return call;
}

AwsResult<AwsReply> StsApi::assume_role(const std::string& role_arn, const std::string& session_name,
                                        std::chrono::seconds duration, const std::string& external_id,
                                        const Caller& caller) {
    auto role = std::find_if(options_.roles.begin(), options_.roles.end(),
                             [&](const Role& known) { return known.arn == role_arn; });
    bool allowed = options_.roles.empty() ||
                   (role != options_.roles.end() && (role->external_id.empty() || role->external_id == external_id));
    if (!allowed)
        return AwsError{403,
                        "AccessDenied",
                        fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                                    caller.access_key_id, role_arn),
                        {}};
    if (options_.max_session.count() != 0) duration = std::min(duration, options_.max_session);
    auto expires = std::chrono::ceil<std::chrono::seconds>(clock_.now() + duration);
    // arn:aws:iam::ACCOUNT:role/path/NAME is seen, once assumed, as arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION.
    auto name = role_arn.substr(role_arn.rfind('/') + 1);
    auto assumed = fmt::format("arn:aws:sts::000000000000:assumed-role/{}/{}", name, session_name);
    auto session = keys_.open_session(expires, assumed);
    auto credentials = element("AccessKeyId", session.access_key_id) +
                       element("SecretAccessKey", session.secret_access_key.reveal()) +
                       element("SessionToken", session.session_token.reveal()) +
                       element("Expiration", format_rfc3339(*session.expires).substr(0, 19) + "Z");
    auto user = element("AssumedRoleId", session.access_key_id + ":" + session_name) + element("Arn", assumed);
    return AwsReply{
        envelope("AssumeRole",
                 fmt::format("<Credentials>{}</Credentials><AssumedRoleUser>{}</AssumedRoleUser>", credentials, user)),
        false};
}

http::Response StsApi::error_response(const AwsError& error, const http::Request&) const {
    http::Response response;
    response.status = error.status;
    response.body =
        fmt::format("<ErrorResponse xmlns=\"{}\"><Error>{}{}{}</Error><RequestId>{}</RequestId></ErrorResponse>",
                    kNamespace, element("Type", error.status < 500 ? "Sender" : "Receiver"),
                    element("Code", error.type), element("Message", error.message), hex_lower(random_bytes(16)));
    return response;
}

AwsError StsApi::auth_error(const AuthFailure& failure) const {
    using Kind = AuthFailure::Kind;
    switch (failure.kind) {
        case Kind::missing_token:
            return {403, "MissingAuthenticationToken", failure.message, {}};
        case Kind::incomplete_signature:
            return {400, "IncompleteSignature", failure.message, {}};
        case Kind::unknown_key:
            return {403, "InvalidClientTokenId", failure.message, {}};
        case Kind::expired_session:
            return {403, "ExpiredToken", failure.message, {}};
        case Kind::access_denied:
            return {403, "AccessDenied", failure.message, {}};
        case Kind::wrong_signature:
        case Kind::wrong_clock:
            break;
    }
    return {403, "SignatureDoesNotMatch", failure.message, {}};
}

AwsError StsApi::missing_target(std::string_view target) const {
    // STS does not tell whether a role is there.
    return {403,
            "AccessDenied",
            fmt::format("User is not authorized to perform: sts:AssumeRole on resource: {}", target),
            {}};
}

AwsError StsApi::internal_failure(int status) const {
    return {status, status == 503 ? "ServiceUnavailable" : "InternalFailure", "Internal Service Failure", {}};
}

}  // namespace sluice::sandbox
