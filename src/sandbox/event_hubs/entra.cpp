#include "sandbox/event_hubs/entra.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "http/ascii.hpp"
#include "net/endpoint.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;

constexpr std::string_view kTokenPath = "/oauth2/v2.0/token";
constexpr std::string_view kEventHubsAudience = "https://eventhubs.azure.net";
constexpr std::string_view kDefaultScope = "/.default";

std::string base64url(std::string_view bytes) {
    auto text = base64_encode(bytes);
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    text.erase(std::min(text.find('='), text.size()));
    return text;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    std::string plain(text);
    if (plain.find_first_of("+/=") != std::string::npos) return std::nullopt;
    for (char& c : plain) c = c == '-' ? '+' : c == '_' ? '/' : c;
    plain.append((4 - plain.size() % 4) % 4, '=');
    return base64_decode(plain);
}

std::string form_field(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        auto pair = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(form.size(), pair.size() + 1));
        auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
        return percent_decode(pair.substr(equals + 1), true).value_or("");
    }
    return {};
}

/// The application's id and secret: in the form, or as a Basic header, its parts form-encoded (RFC 6749, 2.3.1).
std::pair<std::string, std::string> client_of(const http::Request& request) {
    constexpr std::string_view kBasic = "Basic ";
    auto header = request.headers.get("authorization");
    if (!header.starts_with(kBasic))
        return {form_field(request.body, "client_id"), form_field(request.body, "client_secret")};
    auto text = base64_decode(http::trim_blanks(header.substr(kBasic.size()))).value_or("");
    auto colon = std::min(text.find(':'), text.size());
    auto part = [](std::string_view encoded) { return percent_decode(encoded, true).value_or(std::string(encoded)); };
    return {part(std::string_view(text).substr(0, colon)),
            colon == text.size() ? std::string() : part(std::string_view(text).substr(colon + 1))};
}

/// As Entra words it: an OAuth error, its own number, and a description that begins with that number.
http::Response refuse(int status, std::string_view error, int number, std::string_view description, Timestamp now) {
    bj::object body;
    body["error"] = bj::string_view(error.data(), error.size());
    body["error_description"] = fmt::format("AADSTS{}: {} Trace ID: {} Timestamp: {}", number, description,
                                            hex_lower(random_bytes(16)), format_rfc3339(now));
    body["error_codes"] = bj::array{number};
    return http::Response::json(status, bj::serialize(body));
}

}  // namespace

EntraTokens::EntraTokens(Options options, std::string host)
    : options_(std::move(options)), host_(std::move(host)), key_(random_bytes(32)) {}

std::string EntraTokens::sign(std::string_view text) const {
    return base64url(as_view(hmac_sha256(key_, text)));
}

bool EntraTokens::claims(const http::Request& request) {
    return request.method == "POST" && request.path.size() > kTokenPath.size() + 1 &&
           request.path.ends_with(kTokenPath) && request.path.find('/', 1) == request.path.size() - kTokenPath.size();
}

http::Response EntraTokens::issue(const http::Request& request, Timestamp now) const {
    auto tenant = std::string_view(request.path).substr(1, request.path.size() - kTokenPath.size() - 1);
    if (tenant != options_.tenant)
        return refuse(400, "invalid_request", 90002, fmt::format("Tenant '{}' not found.", tenant), now);
    auto grant = form_field(request.body, "grant_type");
    if (grant != "client_credentials")
        return refuse(400, grant.empty() ? "invalid_request" : "unsupported_grant_type", grant.empty() ? 900144 : 70003,
                      grant.empty() ? "The request body must contain the following parameter: 'grant_type'."
                                    : "The app requested an unsupported grant type.",
                      now);
    auto [id, secret] = client_of(request);
    auto application = std::find_if(options_.applications.begin(), options_.applications.end(),
                                    [&given = id](const EntraApplication& known) { return known.client_id == given; });
    if (application == options_.applications.end())
        return refuse(
            400, "unauthorized_client", 700016,
            fmt::format("Application with identifier '{}' was not found in the directory '{}'.", id, options_.tenant),
            now);
    if (!constant_time_equal(secret, application->client_secret))
        return refuse(401, "invalid_client", 7000215,
                      fmt::format("Invalid client secret provided. Ensure the secret being sent in the request is the "
                                  "client secret value, not the client secret ID, for a secret added to app '{}'.",
                                  id),
                      now);
    auto scope = form_field(request.body, "scope");
    auto audience = std::string_view(scope).substr(0, scope.size() - std::min(scope.size(), kDefaultScope.size()));
    auto endpoint = Endpoint::parse(audience);
    bool known = audience == kEventHubsAudience ||
                 (endpoint && endpoint->tls && (endpoint->host == host_ || is_loopback_host(endpoint->host)));
    if (!scope.ends_with(kDefaultScope) || !known)
        return refuse(400, "invalid_scope", 70011,
                      fmt::format("The provided value for the input parameter 'scope' is not valid: it must be "
                                  "https://{}/.default or {}/.default.",
                                  host_, kEventHubsAudience),
                      now);

    auto expires = to_epoch_ms(now) / 1000 + options_.lifetime.count();
    bj::object claims;
    claims["aud"] = bj::string_view(audience.data(), audience.size());
    claims["iss"] = fmt::format("https://sts.windows.net/{}/", options_.tenant);
    claims["iat"] = to_epoch_ms(now) / 1000;
    claims["exp"] = expires;
    claims["appid"] = id;
    claims["sub"] = id;
    auto text = base64url(R"({"typ":"JWT","alg":"HS256"})") + "." + base64url(bj::serialize(claims));
    bj::object body;
    body["token_type"] = "Bearer";
    body["expires_in"] = options_.lifetime.count();
    body["ext_expires_in"] = options_.lifetime.count();
    body["access_token"] = text + "." + sign(text);
    auto response = http::Response::json(200, bj::serialize(body));
    response.headers.set("Cache-Control", "no-store, no-cache");
    return response;
}

boost::system::result<Rights, EntraTokens::Refusal> EntraTokens::check(std::string_view token, Timestamp now) const {
    Refusal invalid{"InvalidToken", "The token is not one that the sandbox's directory has issued in this run."};
    auto dot = token.rfind('.');
    if (dot == std::string_view::npos || !constant_time_equal(sign(token.substr(0, dot)), token.substr(dot + 1)))
        return invalid;
    auto text = token.substr(0, dot);
    auto payload = base64url_decode(text.substr(text.find('.') + 1));
    if (!payload) return invalid;
    // What is signed was written above.
    auto claims = bj::parse(*payload).as_object();
    Rights rights;
    rights.until = from_epoch_ms(claims.at("exp").as_int64() * 1000);
    if (now >= *rights.until)
        return Refusal{"ExpiredToken",
                       fmt::format("The token is expired. Expiration time: '{}'.", format_rfc3339(*rights.until))};
    for (const auto& application : options_.applications) {
        if (application.client_id == claims.at("appid").as_string()) rights.claims = application.claims;
    }
    return rights;
}

}  // namespace sluice::sandbox
