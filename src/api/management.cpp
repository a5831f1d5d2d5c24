#include "api/management.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "api/answers.hpp"
#include "http/unknown_parameter.hpp"

namespace sluice::api {
namespace {

bool is_loopback(const std::string& address) {
    boost::system::error_code error;
    auto parsed = boost::asio::ip::make_address(address, error);
    return !error && parsed.is_loopback();
}

/// A misspelt parameter must not pass for an answer to it.
std::optional<http::Response> check_query(const Route& route, const http::Request& request) {
    if (!route.query) return std::nullopt;
    for (const auto& [name, value] : request.query_parameters()) {
        if (std::find(route.query->begin(), route.query->end(), name) != route.query->end()) continue;
        return http::plain_problem(400, "bad_parameter", http::unknown_parameter(route.path, name, *route.query));
    }
    return std::nullopt;
}

}  // namespace

http::OrAnswer<Principal> ManagementApi::authorise(const Route& route, const http::Request& request) const {
    if (route.access == Access::open) return Principal{};
    if (route.access == Access::open_on_loopback && is_loopback(request.remote_address)) return Principal{};
    auto caller = http::identify(request, authenticate_);
    if (!caller) return caller;
    if (route.access == Access::operator_only) {
        if (!caller->is_operator)
            return http::plain_problem(403, "operator_only", "only the operator's token may do this");
    }
    if (caller->is_pipe || !caller->may(route.scope)) return http::missing_scope(route.scope);
    if (auto refused = http::choose_org(*caller, request)) return std::move(*refused);
    return caller;
}

http::OrAnswer<ManagementApi::Admitted> ManagementApi::admit(const http::Request& request) const {
    auto match = table_.find(request);
    if (!match) return http::unknown_path();
    if (request.method == "OPTIONS") return Admitted{std::move(*match), {}};
    // Who may not call the path at all is not told which methods it has.
    auto caller = authorise(match->route != nullptr ? *match->route : *match->any_of_path, request);
    if (!caller) return std::move(caller.error());
    if (match->route == nullptr) return http::method_not_allowed(request.method, match->methods);
    return Admitted{std::move(*match), std::move(*caller)};
}

std::optional<http::Response> ManagementApi::check_head(http::Request& request) const {
    auto admitted = admit(request);
    if (!admitted) return std::move(admitted.error());
    request.checked = std::make_shared<Admitted>(std::move(*admitted));
    return std::nullopt;
}

boost::asio::awaitable<http::Response> ManagementApi::carry_out(const Route& route, Call call) const {
    bool is_change = route.is_change && route.method != "GET";
    if (!is_change) {
        http::Response response = co_await route.handle(std::move(call));
        co_return response;
    }
    AuditEntry entry = audit_.begin(route, call);
    http::Response response = co_await route.handle(std::move(call));
    co_await audit_.end(std::move(entry), response.status, problem_code(response));
    co_return response;
}

boost::asio::awaitable<http::Response> ManagementApi::handle(http::Request request) {
    auto checked = std::static_pointer_cast<Admitted>(std::exchange(request.checked, nullptr));
    http::OrAnswer<Admitted> admitted = checked ? http::OrAnswer<Admitted>(std::move(*checked)) : admit(request);
    if (!admitted) co_return std::move(admitted.error());
    if (request.method == "OPTIONS") {
        http::Response response;
        response.status = 204;
        response.headers.set("Allow", std::move(admitted->match.methods));
        co_return response;
    }
    const Route& route = *admitted->match.route;
    if (auto refused = check_query(route, request)) co_return std::move(*refused);
    Call call{std::move(admitted->caller), std::move(admitted->match.parameters), std::move(request)};
    http::Response response = co_await carry_out(route, std::move(call));
    co_return response;
}

}  // namespace sluice::api
