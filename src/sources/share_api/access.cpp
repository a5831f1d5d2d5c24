#include "sources/share_api/access.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "sources/share_api/problems.hpp"

namespace sluice::share_api {

namespace {

OrAnswer<Principal> identify(const Route& route, const http::Request& request, const Authenticate& authenticate) {
    if (route.kind == Route::Kind::pipe) {
        auto principal = authenticate(request, route.pipe_token.reveal());
        // A path ends up in other people's logs: only tokens made for it are taken from there. Whether another one is
        // good is not told.
        if (principal ? !principal->is_pipe : principal.error().status == 401)
            return http::unauthenticated("the path does not hold a pipe token", true);
        return principal;
    }
    return http::identify(request, authenticate);
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
    if (!creates) return http::plain_problem(403, "pipe_token_only_creates", "a pipe token may only create objects");
    const bool in_pattern = std::any_of(principal.rec_types.begin(), principal.rec_types.end(),
                                        [&](const auto& pattern) { return matches_pattern(pattern, route.rec_type); });
    if (in_pattern) return std::nullopt;
    return http::plain_problem(403, "pipe_token_rec_type", "this pipe token may not write to this recType");
}

}  // namespace

OrAnswer<Principal> authorise(const Route& route, const http::Request& request, const Authenticate& authenticate) {
    OrAnswer<Principal> principal = identify(route, request, authenticate);
    if (!principal) return principal;
    if (!is_allowed(route.kind, request.method))
        return http::method_not_allowed(request.method, allowed_methods(route.kind));
    if (principal->is_pipe) {
        if (auto refused = check_pipe(*principal, route, request.method)) return std::move(*refused);
    } else {
        for (const Scope scope : scopes_for(route, request.method))
            if (!principal->may(scope)) return http::missing_scope(scope);
    }
    if (auto refused = http::choose_org(*principal, request)) return std::move(*refused);
    return principal;
}

}  // namespace sluice::share_api
