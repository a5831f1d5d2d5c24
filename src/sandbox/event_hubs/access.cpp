#include "sandbox/event_hubs/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "auth/azure_connection_string.hpp"
#include "auth/azure_sas.hpp"
#include "base/encoding.hpp"
#include "http/ascii.hpp"
#include "net/endpoint.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::string_view kConnectionStringUser = "$ConnectionString";
constexpr std::string_view kSasScheme = "SharedAccessSignature ";
constexpr std::string_view kBearerScheme = "Bearer ";

Access::Refusal refusal(std::string_view code, std::string message) {
    return {std::string(code), std::move(message)};
}

/// `host[:port]` to host; brackets of an IPv6 address go too.
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    return host.substr(0, host.find(':'));
}

/// A URI without its scheme: host and path.
std::pair<std::string_view, std::string_view> host_and_path(std::string_view uri) {
    if (auto scheme = uri.find("://"); scheme != std::string_view::npos) uri.remove_prefix(scheme + 3);
    auto slash = std::min(uri.find('/'), uri.size());
    return {without_port(uri.substr(0, slash)), uri.substr(slash)};
}

std::string_view without_trailing_slash(std::string_view path) {
    while (path.ends_with('/')) path.remove_suffix(1);
    return path;
}

/// `/a` covers `/a` and `/a/b`, not `/ab`.
bool covers_path(std::string_view scope, std::string_view path) {
    scope = without_trailing_slash(scope);
    return path.size() >= scope.size() && http::equal_ignoring_case(path.substr(0, scope.size()), scope) &&
           (path.size() == scope.size() || path[scope.size()] == '/');
}

std::string_view first_segment(std::string_view path) {
    while (path.starts_with('/')) path.remove_prefix(1);
    return path.substr(0, path.find('/'));
}

/// The raw value of one of `sr=…&sig=…&se=…&skn=…`, in any order.
std::string_view parameter(std::string_view parameters, std::string_view name) {
    while (!parameters.empty()) {
        auto pair = http::trim_blanks(parameters.substr(0, parameters.find('&')));
        parameters.remove_prefix(std::min(parameters.size(), parameters.find('&')));
        if (!parameters.empty()) parameters.remove_prefix(1);
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
            return pair.substr(name.size() + 1);
    }
    return {};
}

}  // namespace

std::string Access::connection_string(const SasPolicy& policy) const {
    return fmt::format("Endpoint=sb://{}/;SharedAccessKeyName={};SharedAccessKey={}{}{}", options_.host, policy.name,
                       policy.key, policy.hub.empty() ? "" : ";EntityPath=", policy.hub);
}

bool Access::is_own_host(std::string_view host) const {
    return http::equal_ignoring_case(host, options_.host) || is_loopback_host(host);
}

const SasPolicy* Access::find_policy(std::string_view name, std::string_view hub) const {
    // An event hub's own policies go before the namespace's.
    for (bool of_hub : {true, false}) {
        for (const auto& policy : options_.policies) {
            if (policy.name != name || policy.hub.empty() == of_hub) continue;
            if (!of_hub || http::equal_ignoring_case(policy.hub, hub)) return &policy;
        }
    }
    return nullptr;
}

Access::Checked<Rights> Access::check_plain(std::string_view response) const {
    auto first = response.find('\0');
    auto second = first == std::string_view::npos ? first : response.find('\0', first + 1);
    if (second == std::string_view::npos)
        return refusal("MalformedToken", "The SASL PLAIN response is not an identity, a user and a password.");
    if (response.substr(first + 1, second - first - 1) != kConnectionStringUser)
        return refusal("MalformedToken", "The user name is not $ConnectionString.");
    auto given = auth::AzureConnectionString::parse(response.substr(second + 1));
    if (!given) return refusal("MalformedToken", "The password is no connection string: it " + given.error().message);
    if (given->has("SharedAccessSignature"))
        return refusal("MalformedToken", "A shared access signature is not accepted over Kafka: give the key.");
    auto endpoint = given->text("Endpoint");
    if (!is_own_host(host_and_path(endpoint).first))
        return refusal("InvalidAudience",
                       fmt::format("The endpoint of the connection string is not sb://{}/.", options_.host));
    auto hub = given->text("EntityPath");
    const auto* policy = find_policy(given->text("SharedAccessKeyName"), hub);
    const auto* key = given->find("SharedAccessKey");
    if (policy == nullptr || key == nullptr || !constant_time_equal(key->reveal(), policy->key))
        return refusal("InvalidSignature", "The policy's name or its key is wrong.");
    return Rights{policy->claims, policy->hub, std::nullopt};
}

Access::Checked<Rights> Access::check_oauth_bearer(std::string_view response, Timestamp now) const {
    constexpr std::string_view kAuth =
        "\x01"
        "auth=Bearer ";
    auto at = response.find(kAuth);
    auto end = at == std::string_view::npos ? at : response.find('\x01', at + kAuth.size());
    if (!response.starts_with("n,") || end == std::string_view::npos || !response.ends_with("\x01\x01"))
        return refusal("MalformedToken", "The SASL OAUTHBEARER response is malformed.");
    auto rights = tokens_.check(response.substr(at + kAuth.size(), end - at - kAuth.size()), now);
    if (!rights) return refusal(rights.error().code, rights.error().message);
    return std::move(*rights);
}

Access::Checked<Rights> Access::check_sas(std::string_view token, std::string_view request_host, std::string_view path,
                                          Timestamp now) const {
    auto resource = parameter(token, "sr");
    auto expires = parameter(token, "se");
    auto signature = percent_decode(parameter(token, "sig"));
    auto name = percent_decode(parameter(token, "skn"));
    auto scope = percent_decode(resource);
    std::int64_t seconds = 0;
    auto [end, failure] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
    if (resource.empty() || expires.empty() || failure != std::errc() || seconds < 0 ||
        end != expires.data() + expires.size() || !signature || signature->empty() || !name || !scope)
        return refusal("MalformedToken", "The shared access signature lacks sr, sig, se or skn, or one is malformed.");
    auto [scope_host, scope_path] = host_and_path(*scope);
    bool own = is_own_host(scope_host) || http::equal_ignoring_case(scope_host, without_port(request_host));
    if (!own || !covers_path(scope_path, path))
        return refusal("InvalidAudience",
                       fmt::format("The token is for another resource than sb://{}{}.", options_.host, path));
    const auto* policy = find_policy(*name, first_segment(path));
    if (policy == nullptr ||
        !constant_time_equal(*signature, auth::azure_sas_signature(resource, Secret(policy->key), expires)))
        return refusal("InvalidSignature", "The token has an invalid signature.");
    if (seconds <= to_epoch_ms(now) / 1000)
        return refusal("ExpiredToken", fmt::format("The token is expired. Expiration time: '{}'.",
                                                   format_rfc3339(from_epoch_ms(seconds * 1000))));
    return Rights{policy->claims, policy->hub, std::nullopt};
}

Access::Checked<Rights> Access::check_authorization(std::string_view header, std::string_view request_host,
                                                    std::string_view path, Timestamp now) const {
    if (header.empty()) return refusal("MissingToken", "The Authorization header is missing.");
    if (header.starts_with(kSasScheme))
        return check_sas(http::trim_blanks(header.substr(kSasScheme.size())), request_host, path, now);
    if (!header.starts_with(kBearerScheme))
        return refusal("MalformedToken", "The Authorization header is neither SharedAccessSignature nor Bearer.");
    auto rights = tokens_.check(http::trim_blanks(header.substr(kBearerScheme.size())), now);
    if (!rights) return refusal(rights.error().code, rights.error().message);
    return std::move(*rights);
}

}  // namespace sluice::sandbox
