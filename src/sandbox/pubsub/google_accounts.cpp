#include "sandbox/pubsub/google_accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "sandbox/pubsub/jwt.hpp"
#include "sandbox/pubsub/service_key.hpp"
#include "sandbox/pubsub/topics.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;
using std::chrono::seconds;

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kMetadataPath = "/computeMetadata/v1";
constexpr std::string_view kCloudPlatformScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view kPubsubScope = "https://www.googleapis.com/auth/pubsub";
constexpr std::string_view kUserEmail = "user@sluice-sandbox.example";
/// How far a client's clock may be ahead or behind, and how long a JWT may last (Google: "Using OAuth 2.0 for server
/// to server applications").
constexpr auto kClockTolerance = seconds(300);
constexpr auto kLongestAssertion = seconds(3600);
constexpr std::size_t kMostTokens = 10'000;

const ServiceKey& key_of(GoogleRole role) {
    static const ServiceKey admin;
    if (role == GoogleRole::admin) return admin;
    static const ServiceKey publisher;
    return publisher;
}

std::string_view name_of(GoogleRole role) {
    return role == GoogleRole::admin ? "sluice-admin" : "sluice-publisher";
}

std::string email_of(GoogleRole role) {
    return fmt::format("{}@{}.iam.gserviceaccount.com", name_of(role), kSandboxProject);
}

std::optional<GoogleRole> role_of(std::string_view email) {
    for (auto role : {GoogleRole::admin, GoogleRole::publisher}) {
        if (email == email_of(role)) return role;
    }
    return std::nullopt;
}

RpcError unauthenticated(std::string_view reason) {
    return {RpcCode::unauthenticated,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
            "valid authentication credential. See "
            "https://developers.google.com/identity/sign-in/web/devconsole-project.",
            std::string(reason)};
}

/// `https://pubsub.googleapis.com/`, that of a region, or the place that was dialled; with or without the service's
/// name behind.
bool is_our_audience(std::string_view audience, const std::vector<std::string>& authorities) {
    constexpr std::string_view kHttps = "https://";
    if (!audience.starts_with(kHttps)) return false;
    audience.remove_prefix(kHttps.size());
    auto authority = audience.substr(0, audience.find('/'));
    auto path = audience.substr(authority.size());
    if (!path.empty() && path != "/" && path != "/google.pubsub.v1.Publisher" &&
        path != "/google.pubsub.v1.Subscriber" && path != "/google.iam.v1.IAMPolicy")
        return false;
    if (authority == "pubsub.googleapis.com" || authority.ends_with("-pubsub.googleapis.com")) return true;
    return std::find(authorities.begin(), authorities.end(), authority) != authorities.end();
}

bool has_our_scope(std::string_view scopes) {
    while (!scopes.empty()) {
        auto scope = scopes.substr(0, scopes.find(' '));
        if (scope == kCloudPlatformScope || scope == kPubsubScope) return true;
        scopes.remove_prefix(std::min(scopes.size(), scope.size() + 1));
    }
    return false;
}

/// nullopt when the times are right by `now`.
std::optional<std::string_view> wrong_times(const Jwt& jwt, Timestamp now) {
    auto now_s = to_epoch_ms(now) / 1000;
    if (jwt.expires <= now_s) return "the JWT has expired";
    if (jwt.issued_at > now_s + kClockTolerance.count()) return "the JWT was issued in the future";
    if (jwt.expires <= jwt.issued_at || jwt.expires - jwt.issued_at > kLongestAssertion.count())
        return "the JWT lasts longer than an hour";
    return std::nullopt;
}

/// The account whose key signed it; nullopt when none did.
std::optional<GoogleRole> signer_of(const Jwt& jwt) {
    auto role = role_of(jwt.issuer);
    if (!role || jwt.algorithm != "RS256") return std::nullopt;
    const auto& key = key_of(*role);
    if (!jwt.key_id.empty() && jwt.key_id != key.id()) return std::nullopt;
    if (!key.verifies(jwt.signed_text, jwt.signature)) return std::nullopt;
    return role;
}

http::Response refused(int status, std::string_view error, std::string_view description) {
    return http::Response::json(status,
                                fmt::format(R"({{"error":"{}","error_description":"{}"}})", error, description));
}

std::optional<std::string> form_value(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        auto pair = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(form.size(), pair.size() + 1));
        auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
        return percent_decode(pair.substr(equals + 1), true);
    }
    return std::nullopt;
}

}  // namespace

bool GoogleCaller::may(std::string_view permission) const noexcept {
    return role == GoogleRole::admin || permission == "pubsub.topics.publish";
}

GoogleAccounts::GoogleAccounts(Options options)
    : options_(options),
      client_id_(fmt::format("{}.apps.googleusercontent.com", hex_lower(random_bytes(12)))),
      client_secret_("sandbox-" + hex_lower(random_bytes(12))),
      refresh_token_("1//sandbox-" + hex_lower(random_bytes(24))) {}

std::string GoogleAccounts::service_account_json(GoogleRole role, std::string_view token_uri) const {
    const auto& key = key_of(role);
    auto email = email_of(role);
    auto text = [](std::string_view value) { return bj::value(bj::string(value.data(), value.size())); };
    bj::object file;
    file["type"] = "service_account";
    file["project_id"] = text(kSandboxProject);
    file["private_key_id"] = text(key.id());
    file["private_key"] = text(key.private_key_pem());
    file["client_email"] = text(email);
    file["client_id"] = role == GoogleRole::admin ? "100000000000000000001" : "100000000000000000002";
    file["auth_uri"] = "https://accounts.google.com/o/oauth2/auth";
    file["token_uri"] = text(token_uri);
    file["universe_domain"] = "googleapis.com";
    return bj::serialize(file);
}

std::string GoogleAccounts::authorized_user_json(std::string_view token_uri) const {
    bj::object file;
    file["type"] = "authorized_user";
    file["client_id"] = client_id_;
    file["client_secret"] = client_secret_;
    file["refresh_token"] = refresh_token_;
    file["quota_project_id"] = bj::string(kSandboxProject.data(), kSandboxProject.size());
    file["token_uri"] = bj::string(token_uri.data(), token_uri.size());
    return bj::serialize(file);
}

RpcResult<GoogleCaller> GoogleAccounts::authenticate(std::string_view authorization,
                                                     const std::vector<std::string>& authorities, Timestamp now) const {
    if (authorization.empty())
        return RpcError{RpcCode::unauthenticated,
                        "Request is missing required authentication credential. Expected OAuth 2 access token, login "
                        "cookie or other valid authentication credential. See "
                        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
                        {}};
    if (!authorization.starts_with(kBearer)) return unauthenticated("the authorization is no bearer token");
    auto token = authorization.substr(kBearer.size());
    {
        std::lock_guard lock(mutex_);
        if (auto known = tokens_.find(token); known != tokens_.end()) {
            if (known->second.expires <= now) return unauthenticated("the access token has expired");
            return known->second.caller;
        }
    }
    if (token.find('.') == std::string_view::npos) return unauthenticated("the access token was never given out");
    auto jwt = parse_jwt(token);
    if (!jwt) return unauthenticated(jwt.error().message);
    auto role = signer_of(*jwt);
    if (!role) return unauthenticated("no account of the sandbox signed the JWT");
    if (auto wrong = wrong_times(*jwt, now)) return unauthenticated(*wrong);
    if (!jwt->subject.empty() && jwt->subject != jwt->issuer)
        return unauthenticated("the JWT's subject is not its issuer");
    if (!jwt->audience.empty() && !jwt->scope.empty())
        return unauthenticated("the JWT has both an audience and a scope");
    if (!is_our_audience(jwt->audience, authorities) && !has_our_scope(jwt->scope))
        return unauthenticated("the JWT is meant for another service");
    return GoogleCaller{jwt->issuer, *role};
}

std::string GoogleAccounts::issue(GoogleCaller caller, Timestamp now) {
    auto token = "ya29.sandbox-" + hex_lower(random_bytes(24));
    std::lock_guard lock(mutex_);
    if (tokens_.size() >= kMostTokens) std::erase_if(tokens_, [&](const auto& it) { return it.second.expires <= now; });
    if (tokens_.size() >= kMostTokens) tokens_.clear();
    tokens_[token] = {std::move(caller), now + options_.token_lifetime};
    return token;
}

std::string GoogleAccounts::token_answer(GoogleCaller caller, Timestamp now) {
    return fmt::format(R"({{"access_token":"{}","expires_in":{},"token_type":"Bearer"}})",
                       issue(std::move(caller), now), options_.token_lifetime.count());
}

http::Response GoogleAccounts::token(std::string_view form, Timestamp now) {
    auto grant = form_value(form, "grant_type");
    if (grant == "refresh_token") {
        if (form_value(form, "client_id") != client_id_)
            return refused(401, "invalid_client", "The OAuth client was not found.");
        if (form_value(form, "client_secret") != client_secret_) return refused(401, "invalid_client", "Unauthorized");
        if (form_value(form, "refresh_token") != refresh_token_) return refused(400, "invalid_grant", "Bad Request");
        return http::Response::json(200, token_answer({std::string(kUserEmail), GoogleRole::admin}, now));
    }
    if (grant != "urn:ietf:params:oauth:grant-type:jwt-bearer")
        return refused(400, "unsupported_grant_type", "Invalid grant_type.");
    auto assertion = form_value(form, "assertion").value_or("");
    auto jwt = parse_jwt(assertion);
    if (!jwt) return refused(400, "invalid_grant", "Invalid JWT: Failed to parse.");
    if (!role_of(jwt->issuer)) return refused(400, "invalid_grant", "Invalid grant: account not found");
    auto role = signer_of(*jwt);
    if (!role) return refused(400, "invalid_grant", "Invalid JWT Signature.");
    if (wrong_times(*jwt, now))
        return refused(400, "invalid_grant",
                       "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                       "Check your iat and exp values in the JWT claim.");
    if (!jwt->audience.ends_with("/token"))
        return refused(400, "invalid_grant", "Invalid JWT: the audience is not the token endpoint.");
    if (!has_our_scope(jwt->scope))
        return refused(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    return http::Response::json(200, token_answer({jwt->issuer, *role}, now));
}

http::Response GoogleAccounts::metadata(const http::Request& request, Timestamp now) {
    constexpr std::string_view kAccount = "/instance/service-accounts/default";
    auto answer = [](http::Response response) {
        response.headers.set("Metadata-Flavor", "Google");
        response.headers.set("Server", "Metadata Server for VM");
        return response;
    };
    if (request.headers.get("metadata-flavor") != "Google")
        return answer(http::Response::text(403, "Missing required header: Metadata-Flavor\n"));
    auto path = std::string_view(request.path).substr(std::min(request.path.size(), kMetadataPath.size()));
    if (path == "/instance" || path == "/instance/") return answer(http::Response::text(200, "service-accounts/\n"));
    if (path == "/project/project-id") return answer(http::Response::text(200, std::string(kSandboxProject)));
    if (path == "/universe/universe-domain") return answer(http::Response::text(200, "googleapis.com"));
    if (!path.starts_with(kAccount)) return answer(http::Response::text(404, "not found\n"));
    path.remove_prefix(kAccount.size());
    auto email = email_of(GoogleRole::admin);
    if (path == "/email") return answer(http::Response::text(200, email));
    if (path == "/scopes") return answer(http::Response::text(200, fmt::format("{}\n", kCloudPlatformScope)));
    if (path == "/token") return answer(http::Response::json(200, token_answer({email, GoogleRole::admin}, now)));
    if (path.empty() || path == "/")
        return answer(http::Response::json(
            200, fmt::format(R"({{"aliases":["default"],"email":"{}","scopes":["{}"]}})", email, kCloudPlatformScope)));
    return answer(http::Response::text(404, "not found\n"));
}

}  // namespace sluice::sandbox
