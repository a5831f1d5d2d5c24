#include "auth/sts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "auth/xml_text.hpp"
#include "base/encoding.hpp"

namespace sluice::auth {
namespace {

constexpr std::string_view kVersion = "2011-06-15";

}  // namespace

std::string StsAssumeRole::form() const {
    auto form = fmt::format("Action=AssumeRole&Version={}&RoleArn={}&RoleSessionName={}&DurationSeconds={}", kVersion,
                            percent_encode(role_arn), percent_encode(session_name), duration.count());
    if (!external_id.empty()) form += "&ExternalId=" + percent_encode(external_id);
    return form;
}

std::string StsWebIdentity::form() const {
    return fmt::format("Action=AssumeRoleWithWebIdentity&Version={}&RoleArn={}&RoleSessionName={}&WebIdentityToken={}",
                       kVersion, percent_encode(role_arn), percent_encode(session_name), percent_encode(token));
}

Result<AwsCredentials> read_sts_credentials(std::string_view xml) {
    auto id = xml_text(xml, "AccessKeyId");
    auto secret = xml_text(xml, "SecretAccessKey");
    auto token = xml_text(xml, "SessionToken");
    auto expiration = xml_text(xml, "Expiration");
    if (!id || !secret || !token || !expiration || id->empty() || secret->empty()) {
        return make_error(Errc::unavailable, "STS answered without credentials",
                          "Is something between this machine and STS answering in its place?");
    }
    auto expires = parse_rfc3339(*expiration);
    if (!expires) return make_error(Errc::unavailable, "STS answered with an expiration that is no time");
    AwsCredentials credentials;
    credentials.access_key_id = std::move(*id);
    credentials.secret_access_key = Secret(std::move(*secret));
    credentials.session_token = Secret(std::move(*token));
    credentials.expires = *expires;
    return credentials;
}

Error sts_error(const AwsError& error, std::string_view asked, std::string_view external_id) {
    auto kind = aws_error_kind(error.code, error.status);
    bool passes = kind == AwsErrorKind::throttled || kind == AwsErrorKind::service_fault;
    std::string hint(aws_error_hint(kind));
    if (kind == AwsErrorKind::access_denied) {
        hint = fmt::format("Let the trust policy of {} allow these credentials to call sts:AssumeRole", asked);
        hint += external_id.empty() ? std::string(".")
                                    : fmt::format(", under the condition that sts:ExternalId is {}.", external_id);
    } else if (error.code == "ExpiredTokenException" || error.code == "InvalidIdentityToken") {
        hint = "The web identity token is refused: is its file kept fresh, and does the role trust its issuer?";
    } else if (error.code == "RegionDisabledException") {
        hint = "Activate STS for this region in the account that owns the role, or use another region.";
    }
    return make_error(passes ? Errc::unavailable : Errc::unauthenticated,
                      fmt::format("cannot assume {}: {}: {}", asked, error.code, error.message), std::move(hint));
}

std::string sts_session_name(std::string_view wanted) {
    std::string name(wanted.substr(0, 64));
    auto is_allowed = [](unsigned char c) {
        return std::isalnum(c) || std::string_view("_=,.@-").find(static_cast<char>(c)) != std::string_view::npos;
    };
    std::replace_if(
        name.begin(), name.end(), [&](char c) { return !is_allowed(static_cast<unsigned char>(c)); }, '-');
    return name.size() < 2 ? "sluice" : name;
}

}  // namespace sluice::auth
