#include "sources/share_api/access.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "sources/share_api/problems.hpp"

namespace sluice::share_api {

namespace {

constexpr std::string_view kOrgHeader = "Sluice-Org";
/// The org that the operator acts for when none is named.
constexpr std::string_view kDefaultOrg = "default";

/// The token of `Authorization: Bearer TOKEN`; empty when there is none.
std::string_view bearer_token(const http::Request& request) {
    constexpr std::string_view kScheme = "bearer ";
    const std::string_view value = request.headers.get("Authorization");
    if (value.size() <= kScheme.size()) return {};
    const bool is_bearer = std::equal(kScheme.begin(), kScheme.end(), value.begin(), [](char want, char have) {
        return want == have || (have >= 'A' && have <= 'Z' && have - 'A' + 'a' == want);
    });
    if (!is_bearer) return {};
    const std::string_view token = value.substr(value.find_first_not_of(' ', kScheme.size() - 1));
    return token.substr(0, token.find_last_not_of(' ') + 1);
}

OrAnswer<Principal> identify(const Route& route, const http::Request& request, const Authenticate& authenticate) {
    if (route.kind == Route::Kind::pipe) {
        auto principal = authenticate(route.pipe_token.reveal());
        // A path ends up in other people's logs: only tokens made for it are taken from there.
        if (!principal || !principal->is_pipe) return unauthenticated("the path does not hold a pipe token", true);
        return std::move(*principal);
    }
    const std::string_view token = bearer_token(request);
    if (token.empty()) return unauthenticated("send a token: Authorization: Bearer TOKEN", false);
    auto principal = authenticate(token);
    if (!principal) return unauthenticated("the token is not known here, or was revoked", true);
    return std::move(*principal);
}

/// The scopes that an action needs.
std::vector<Scope> scopes_for(const Route& route, std::string_view method) {
    if (route.kind == Route::Kind::events) return {Scope::share_create, Scope::share_update, Scope::share_delete};
    if (method == "POST") return {Scope::share_create};
    if (method == "PUT") return {Scope::share_update};
    if (method == "DELETE") return {Scope::share_delete};
    return {Scope::share_read};
}

std::optional<http::Response> check_pipe(const Principal& principal, const Route& route, std::string_view method) {
    const bool creates = method == "POST" && route.kind != Route::Kind::events;
    if (!creates) return forbidden("pipe_token_only_creates", "a pipe token may only create objects");
    const bool in_pattern = std::any_of(principal.rec_types.begin(), principal.rec_types.end(),
                                        [&](const auto& pattern) { return matches_pattern(pattern, route.rec_type); });
    if (in_pattern) return std::nullopt;
    return forbidden("pipe_token_rec_type", "this pipe token may not write to this recType");
}

/// Sets the org that the operator acts for; refuses anybody else who names a foreign one.
std::optional<http::Response> choose_org(Principal& principal, const http::Request& request) {
    const std::string_view named = request.headers.get(kOrgHeader);
    if (principal.is_operator) {
        principal.org = named.empty() ? kDefaultOrg : named;
        if (is_valid_rec_type(principal.org)) return std::nullopt;
        return bad_request("invalid_org", "Sluice-Org is not an org's name: parts of A-Z a-z 0-9 _ - joined by dots");
    }
    if (named.empty() || named == principal.org) return std::nullopt;
    return forbidden("foreign_org", "only the operator's token may name another org in Sluice-Org");
}

}  // namespace

OrAnswer<Principal> authorise(const Route& route, const http::Request& request, const Authenticate& authenticate) {
    OrAnswer<Principal> principal = identify(route, request, authenticate);
    if (!principal) return principal;
    if (!is_allowed(route.kind, request.method)) return method_not_allowed(request.method, allowed_methods(route.kind));
    if (principal->is_pipe) {
        if (auto refused = check_pipe(*principal, route, request.method)) return std::move(*refused);
    } else {
        for (const Scope scope : scopes_for(route, request.method))
            if (!principal->may(scope)) return missing_scope(to_string(scope));
    }
    if (auto refused = choose_org(*principal, request)) return std::move(*refused);
    return principal;
}

}  // namespace sluice::share_api
