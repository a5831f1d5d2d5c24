#include "api/management.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <charconv>

#include "api/status_json.hpp"
#include "base/ids.hpp"

namespace sluice::api {
namespace {

constexpr std::size_t kMaxBodyBytes = 1 << 20;
constexpr std::size_t kPageLimit = 1000;
constexpr std::size_t kDefaultPage = 100;
constexpr auto kTestTimeout = std::chrono::seconds(30);

http::Response json_response(int status, const boost::json::value& value) {
    return http::Response::json(status, boost::json::serialize(value));
}

http::Response problem_of(const Error& error) {
    int status = 422;
    std::string_view code = "not_acceptable";
    switch (error.code) {
        case Errc::not_found:
            status = 404, code = "unknown_integration";
            break;
        case Errc::conflict:
            status = 409, code = "conflict";
            break;
        case Errc::forbidden:
            status = 403, code = "not_for_tenants";
            break;
        case Errc::too_large:
            status = 413, code = "too_large";
            break;
        case Errc::exhausted:
        case Errc::unavailable:
        case Errc::timeout:
        case Errc::cancelled:
            status = 503, code = "unavailable";
            break;
        case Errc::io:
        case Errc::corrupt:
            status = 500, code = "storage";
            break;
        default:
            break;
    }
    auto detail = error.hint.empty() ? error.message : error.message + ": " + error.hint;
    auto response = http::plain_problem(status, code, detail);
    if (status == 503) response.headers.set("Retry-After", "1");
    return response;
}

/// `?limit=`, bounded; nullopt when it is not a number.
std::optional<std::size_t> page_limit(const http::Request& request) {
    auto text = request.query_parameter("limit");
    if (!text) return kDefaultPage;
    std::size_t limit = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (error != std::errc() || end != text->data() + text->size() || limit == 0) return std::nullopt;
    return std::min(limit, kPageLimit);
}

std::optional<LogPosition> parse_position(std::string_view text) {
    LogPosition position;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position.sequence);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return position;
}

bool is_loopback(const std::string& address) {
    boost::system::error_code error;
    auto parsed = boost::asio::ip::make_address(address, error);
    return !error && parsed.is_loopback();
}

}  // namespace

struct ManagementApi::Route {
    enum class Kind { integrations, integration, action, status, tail, metrics, health, ready };
    Kind kind;
    std::string id;
    std::string action;
    std::string_view methods;

    Scope scope(std::string_view method) const {
        switch (kind) {
            case Kind::tail:
                return Scope::share_read;
            case Kind::metrics:
                return Scope::metrics_read;
            default:
                break;
        }
        bool reads = method == "GET" || method == "HEAD";
        return reads ? Scope::integration_read : Scope::integration_write;
    }
};

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
    if (parts.size() == 2 && parts[1] == "tail") return Route{Kind::tail, {}, {}, "GET, OPTIONS"};
    if (parts[1] != "integrations") return std::nullopt;
    if (parts.size() == 2) return Route{Kind::integrations, {}, {}, "GET, HEAD, POST, OPTIONS"};
    if (parts.size() == 3) return Route{Kind::integration, parts[2], {}, "GET, HEAD, DELETE, OPTIONS"};
    if (parts.size() != 4) return std::nullopt;
    constexpr std::array<std::string_view, 3> kActions{"test", "pause", "resume"};
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

boost::asio::awaitable<http::Response> ManagementApi::integrations(Route route, Principal caller,
                                                                   http::Request request) {
    using Kind = Route::Kind;
    if (route.kind == Kind::integrations) {
        if (request.method == "POST") {
            http::Response created = co_await create(std::move(caller), std::move(request));
            co_return created;
        }
        http::Response listed = co_await list(std::move(caller), std::move(request));
        co_return listed;
    }
    if (route.kind == Kind::action) {
        http::Response done = co_await act(std::move(route), std::move(caller), std::move(request));
        co_return done;
    }
    if (request.method == "DELETE") {
        Result<void> erased = co_await parts_.integrations.erase(std::move(caller), route.id);
        if (!erased) co_return problem_of(erased.error());
        http::Response response;
        response.status = 204;
        co_return response;
    }
    Result<IntegrationDirectory::Item> item = co_await parts_.integrations.get(std::move(caller), route.id);
    if (!item) co_return problem_of(item.error());
    co_return json_response(200, to_json(*item));
}

boost::asio::awaitable<http::Response> ManagementApi::list(Principal caller, http::Request request) {
    auto limit = page_limit(request);
    if (!limit) co_return http::plain_problem(400, "bad_limit", "limit is a number from 1 to 1000");
    std::string after = request.query_parameter("after").value_or(std::string());
    // One more than asked for tells whether there is a next page.
    std::vector<IntegrationDirectory::Item> items =
        co_await parts_.integrations.list(std::move(caller), after, *limit + 1);
    boost::json::value next = nullptr;
    if (items.size() > *limit) {
        items.pop_back();
        next = boost::json::string(items.back().id);
    }
    boost::json::array out;
    out.reserve(items.size());
    for (const auto& item : items) out.push_back(to_json(item));
    co_return json_response(200, boost::json::object{{"items", std::move(out)}, {"next", std::move(next)}});
}

boost::asio::awaitable<http::Response> ManagementApi::create(Principal caller, http::Request request) {
    if (request.body.size() > kMaxBodyBytes)
        co_return http::plain_problem(413, "too_large", "an integration's settings are at most 1 MiB");
    boost::json::error_code bad;
    boost::json::stream_parser parser;
    auto read = parser.write_some(request.body.data(), request.body.size(), bad);
    if (!bad && read < request.body.size()) bad = boost::json::error::extra_data;
    if (!bad) parser.finish(bad);
    if (bad) {
        auto line =
            1 + std::count(request.body.begin(), request.body.begin() + static_cast<std::ptrdiff_t>(read), '\n');
        co_return http::problem(400, "malformed_json", http::reason_phrase(400),
                                "the body is not valid JSON: " + bad.message(),
                                {{"line", std::to_string(line)}, {"offset", std::to_string(read)}});
    }
    boost::json::value settings = parser.release();
    if (!settings.is_object()) co_return http::plain_problem(400, "malformed_json", "an integration is a JSON object");
    Result<IntegrationDirectory::Item> made =
        co_await parts_.integrations.create(std::move(caller), std::move(settings.get_object()));
    if (!made) co_return problem_of(made.error());
    auto response = json_response(201, to_json(*made));
    response.headers.set("Location", "/v1/integrations/" + made->id);
    co_return response;
}

boost::asio::awaitable<http::Response> ManagementApi::act(Route route, Principal caller, http::Request request) {
    auto& directory = parts_.integrations;
    if (route.action == "test") {
        Result<ProbeReport> report =
            co_await directory.test(std::move(caller), route.id, Deadline::after(kTestTimeout));
        co_return report ? json_response(200, to_json(*report)) : problem_of(report.error());
    }
    if (route.action == "dead-letters") {
        auto limit = page_limit(request);
        auto after = parse_position(request.query_parameter("after").value_or("0"));
        if (!limit || !after) co_return http::plain_problem(400, "bad_page", "limit and after are whole numbers");
        Result<DeadLetterPage> page = co_await directory.dead_letters(std::move(caller), route.id, *after, *limit);
        co_return page ? json_response(200, to_json(*page)) : problem_of(page.error());
    }
    Result<void> done;
    if (route.action == "pause")
        done = co_await directory.pause(caller, route.id, "paused by " + caller.token_name);
    else
        done = co_await directory.resume(caller, route.id);
    if (!done) co_return problem_of(done.error());
    Result<IntegrationDirectory::Item> item = co_await directory.get(std::move(caller), route.id);
    co_return item ? json_response(200, to_json(*item)) : problem_of(item.error());
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
