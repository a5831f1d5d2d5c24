#include "api/management.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "api/answers.hpp"
#include "api/management_route.hpp"
#include "api/status_json.hpp"
#include "base/ids.hpp"

namespace sluice::api {
namespace {

bool is_loopback(const std::string& address) {
    boost::system::error_code error;
    auto parsed = boost::asio::ip::make_address(address, error);
    return !error && parsed.is_loopback();
}

}  // namespace

bool ManagementApi::is_path(std::string_view path) noexcept {
    return path == "/v1" || path.starts_with("/v1/") || path == "/metrics" || path == "/healthz" || path == "/readyz";
}

std::optional<ManagementApi::Route> ManagementApi::route_of(const http::Request& request) {
    using Kind = Route::Kind;
    constexpr std::string_view kRead = "GET, HEAD, OPTIONS";
    constexpr std::string_view kAct = "POST, OPTIONS";
    auto segments = request.path_segments();
    if (!segments) return std::nullopt;
    const auto& parts = *segments;
    if (parts.size() == 1) {
        if (parts[0] == "metrics") return Route{Kind::metrics, {}, {}, kRead};
        if (parts[0] == "healthz") return Route{Kind::health, {}, {}, kRead};
        if (parts[0] == "readyz") return Route{Kind::ready, {}, {}, kRead};
        return std::nullopt;
    }
    if (parts.size() < 2 || parts[0] != "v1") return std::nullopt;
    if (parts.size() == 2 && parts[1] == "status") return Route{Kind::status, {}, {}, kRead};
    if (parts.size() == 2 && parts[1] == "reload") return Route{Kind::reload, {}, {}, kAct};
    if (parts.size() == 2 && parts[1] == "tail") return Route{Kind::tail, {}, {}, "GET, OPTIONS"};
    if (parts[1] != "integrations") return std::nullopt;
    if (parts.size() == 2) return Route{Kind::integrations, {}, {}, "GET, HEAD, POST, OPTIONS"};
    if (parts.size() == 3) return Route{Kind::integration, parts[2], {}, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"};
    if (parts.size() == 5 && parts[3] == "dead-letters" && (parts[4] == "redeliver" || parts[4] == "discard"))
        return Route{Kind::action, parts[2], parts[4], kAct};
    if (parts.size() != 4) return std::nullopt;
    constexpr std::array<std::string_view, 5> kActions{"test", "pause", "resume", "sample", "replay"};
    if (parts[3] == "dead-letters") return Route{Kind::action, parts[2], parts[3], kRead};
    if (std::find(kActions.begin(), kActions.end(), parts[3]) == kActions.end()) return std::nullopt;
    return Route{Kind::action, parts[2], parts[3], kAct};
}

http::OrAnswer<Principal> ManagementApi::authorise(const Route& route, const http::Request& request) const {
    using Kind = Route::Kind;
    bool open = route.kind == Kind::health || route.kind == Kind::ready ||
                (route.kind == Kind::metrics && is_loopback(request.remote_address)) || request.method == "OPTIONS";
    if (open) return Principal{};
    auto caller = http::identify(request, parts_.authenticate);
    if (!caller) return caller;
    auto scope = route.scope(request.method);
    if (caller->is_pipe || !caller->may(scope)) return http::missing_scope(scope);
    if (auto refused = http::choose_org(*caller, request)) return std::move(*refused);
    return caller;
}

std::optional<http::Response> ManagementApi::check_head(const http::Request& request) const {
    auto route = route_of(request);
    if (!route) return http::unknown_path();
    if (auto caller = authorise(*route, request); !caller) return std::move(caller.error());
    bool allowed = (", " + std::string(route->methods) + ",").find(", " + request.method + ",") != std::string::npos;
    if (!allowed) return http::method_not_allowed(request.method, route->methods);
    return std::nullopt;
}

boost::asio::awaitable<http::Response> ManagementApi::handle(http::Request request) {
    using Kind = Route::Kind;
    if (auto refused = check_head(request)) co_return std::move(*refused);
    Route route = *route_of(request);
    if (request.method == "OPTIONS") {
        http::Response response;
        response.status = 204;
        response.headers.set("Allow", std::string(route.methods));
        co_return response;
    }
    http::OrAnswer<Principal> caller = authorise(route, request);
    if (!caller) co_return std::move(caller.error());
    switch (route.kind) {
        case Kind::health:
            co_return http::Response::text(200, "ok\n");
        case Kind::ready: {
            auto why = parts_.not_ready();
            co_return why ? http::plain_problem(503, "not_ready", *why) : http::Response::text(200, "ready\n");
        }
        case Kind::metrics: {
            http::Response response = co_await metrics();
            co_return response;
        }
        case Kind::status: {
            http::Response response = co_await status();
            co_return response;
        }
        case Kind::reload: {
            http::Response response = co_await reload(std::move(*caller));
            co_return response;
        }
        case Kind::tail:
            co_return tail(std::move(*caller), request);
        case Kind::integrations:
        case Kind::integration:
        case Kind::action:
            break;
    }
    http::Response response = co_await integrations(std::move(route), std::move(*caller), std::move(request));
    co_return response;
}

boost::asio::awaitable<http::Response> ManagementApi::status() {
    std::vector<IntegrationStatus> all = co_await parts_.engine.list();
    NodeStatus node = parts_.node_status();
    boost::json::object states{{"running", 0}, {"paused", 0}, {"throttled", 0}, {"failing", 0}, {"blocked", 0}};
    for (const auto& integration : all) {
        auto& count = states[to_string(integration.state)];
        count = count.to_number<std::int64_t>() + 1;
    }
    boost::json::object store{{"bytes", node.log.bytes + node.database_bytes},
                              {"oldest_sequence", std::to_string(node.log.oldest)}};
    co_return json_response(200, boost::json::object{{"version", node.version},
                                                     {"uptime_seconds", node.uptime_seconds},
                                                     {"head", std::to_string(node.log.head)},
                                                     {"accepted", node.log.head},
                                                     {"store", std::move(store)},
                                                     {"integrations", std::move(states)}});
}

boost::asio::awaitable<http::Response> ManagementApi::reload(Principal caller) {
    if (!caller.is_operator)
        co_return http::plain_problem(403, "operator_only", "only the operator's token may reload the configuration");
    Result<IntegrationDirectory::Reloaded> done = co_await parts_.reload();
    co_return done ? json_response(200, to_json(*done)) : problem_of(done.error());
}

boost::asio::awaitable<http::Response> ManagementApi::metrics() {
    std::vector<IntegrationStatus> all = co_await parts_.engine.list();
    auto response = http::Response::text(200, render_metrics(parts_.node_status(), all));
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    co_return response;
}

http::Response ManagementApi::tail(Principal caller, const http::Request& request) {
    EventFilter filter;
    filter.orgs = {caller.is_operator && !request.headers.has("Sluice-Org") ? std::string("**") : caller.org};
    for (const auto& [name, value] : request.query_parameters()) {
        if (name != "recType")
            return http::plain_problem(400, "unknown_parameter", "tail takes recType=PATTERN, and not " + name);
        if (!is_valid_pattern(value))
            return http::plain_problem(400, "bad_pattern", "recType is a pattern like io.microshare.** or *.unpacked");
        filter.rec_types.push_back(value);
    }
    http::Response response;
    response.headers.set("Content-Type", "text/event-stream");
    response.headers.set("Cache-Control", "no-store");
    response.stream = [this, filter](http::BodyWriter& writer) { return parts_.tail.follow(filter, writer); };
    return response;
}

}  // namespace sluice::api
