#include "api/node_calls.hpp"

#include <utility>

#include "api/answers.hpp"
#include "api/status_json.hpp"
#include "base/ids.hpp"
#include "control/integration_selection.hpp"
#include "control/token_directory.hpp"
#include "http/access.hpp"

namespace sluice::api {
namespace {

/// The operator sees every org's, a tenant its own.
void keep_visible(std::vector<IntegrationStatus>& all, const Principal& caller) {
    if (caller.is_operator) return;
    std::erase_if(all, [&](const IntegrationStatus& each) { return each.org != caller.org; });
}

}  // namespace

std::vector<Route> NodeCalls::routes() {
    auto row = [this](std::string_view method, std::string_view path, Access access, Scope scope,
                      Answer (NodeCalls::*answer)(Call)) {
        Route route;
        route.method = method;
        route.path = path;
        route.access = access;
        route.scope = scope;
        route.handle = [this, answer](Call call) { return (this->*answer)(std::move(call)); };
        if (access == Access::open || access == Access::open_on_loopback || path == "/v1/tail") route.query.reset();
        return route;
    };
    using Calls = NodeCalls;
    return {
        row("GET", "/healthz", Access::open, Scope::all, &Calls::health),
        row("GET", "/readyz", Access::open, Scope::all, &Calls::ready),
        row("GET", "/metrics", Access::open_on_loopback, Scope::metrics_read, &Calls::metrics),
        row("GET", "/v1/status", Access::scope, Scope::integration_read, &Calls::status),
        row("POST", "/v1/reload", Access::operator_only, Scope::all, &Calls::reload),
        row("GET", "/v1/tail", Access::scope, Scope::share_read, &Calls::tail),
    };
}

boost::asio::awaitable<http::Response> NodeCalls::health(Call) {
    co_return http::Response::text(200, "ok\n");
}

boost::asio::awaitable<http::Response> NodeCalls::ready(Call) {
    auto why = parts_.not_ready();
    co_return why ? http::plain_problem(503, "not_ready", *why) : http::Response::text(200, "ready\n");
}

boost::asio::awaitable<http::Response> NodeCalls::metrics(Call call) {
    std::vector<IntegrationStatus> all = co_await parts_.engine.list();
    // Nobody in particular is on this machine. A tenant sees its own integrations, and the node.
    bool is_open = call.caller.token_id.empty();
    if (!is_open) keep_visible(all, call.caller);
    // As Prometheus asks; its weights do not matter to who can give both.
    bool open_metrics =
        call.request.headers.get("Accept").find("application/openmetrics-text") != std::string_view::npos;
    auto format = open_metrics ? MetricsFormat::open_metrics : MetricsFormat::prometheus;
    // Megabytes of text with thousands of integrations: not on a shard that has events to deliver.
    auto render = [this, format, all = std::move(all)]() -> std::string {
        return render_metrics(parts_.node_status(), all, parts_.engine.metrics(), parts_.metrics_per, format);
    };
    std::string text = co_await parts_.blocking.run(std::move(render));
    auto response = http::Response::text(200, std::move(text));
    response.headers.set("Content-Type", open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                      : "text/plain; version=0.0.4; charset=utf-8");
    response.headers.set("Vary", "Accept");
    co_return response;
}

boost::asio::awaitable<http::Response> NodeCalls::status(Call call) {
    std::vector<IntegrationStatus> all = co_await parts_.engine.list();
    keep_visible(all, call.caller);
    double accepted_per_second = co_await parts_.engine.accepted_per_second();
    double delivered_per_second = 0;
    std::uint64_t delivered = 0;
    boost::json::object states;
    for (auto state : kIntegrationStates) states[to_string(state)] = 0;
    for (const auto& integration : all) {
        delivered_per_second += integration.stats.delivered_per_second;
        delivered += integration.stats.delivered;
        auto& count = states[to_string(integration.state)];
        count = count.to_number<std::int64_t>() + 1;
    }
    NodeStatus node = parts_.node_status();
    boost::json::object store{{"bytes", node.log.bytes + node.database_bytes},
                              {"disk_free_bytes", node.disk_free_bytes},
                              {"oldest_sequence", std::to_string(node.log.oldest)}};
    co_return json_response(200, boost::json::object{{"version", node.version},
                                                     {"uptime_seconds", thousandths(node.uptime_seconds)},
                                                     {"head", std::to_string(node.log.head)},
                                                     {"accepted", node.log.head},
                                                     {"delivered", delivered},
                                                     {"store", std::move(store)},
                                                     {"integrations", std::move(states)},
                                                     {"accepted_per_second", thousandths(accepted_per_second)},
                                                     {"delivered_per_second", thousandths(delivered_per_second)}});
}

boost::asio::awaitable<http::Response> NodeCalls::reload(Call) {
    Result<IntegrationDirectory::Reloaded> done = co_await parts_.reload();
    if (done) co_return json_response(200, to_json(*done));
    // What is not there is a file that the configuration stands in or names.
    Error error = done.error();
    if (error.code == Errc::not_found) error.code = Errc::invalid_argument;
    co_return problem_of(error);
}

boost::asio::awaitable<http::Response> NodeCalls::tail(Call call) {
    EventFilter filter;
    const auto& caller = call.caller;
    filter.orgs = {caller.is_operator && !call.request.headers.has("Sluice-Org") ? std::string("**") : caller.org};
    for (const auto& [name, value] : call.request.query_parameters()) {
        if (name != "recType")
            co_return http::plain_problem(400, "unknown_parameter", "tail takes recType=PATTERN, and not " + name);
        if (!is_valid_pattern(value))
            co_return http::plain_problem(400, "bad_pattern",
                                          "recType is a pattern like io.microshare.** or *.unpacked");
        filter.rec_types.push_back(value);
    }
    // The operator's, of all orgs, have a share of their own.
    SharedRoom::Hold place = parts_.tail.take_place(filter.orgs.front());
    if (!place) {
        auto refused = http::plain_problem(429, "too_many_tails",
                                           "too many are watching already: end one of your live tails, or wait");
        refused.headers.set("Retry-After", "10");
        co_return refused;
    }
    http::Response response;
    response.headers.set("Content-Type", "text/event-stream");
    response.headers.set("Cache-Control", "no-store");
    auto digest = token_digest(http::bearer_token(call.request));
    auto may_go_on = [this, digest] { return parts_.token_in_force(digest); };
    response.stream = [this, filter, may_go_on, place = std::move(place)](http::BodyWriter& writer) {
        return parts_.tail.follow(filter, may_go_on, writer);
    };
    co_return response;
}

}  // namespace sluice::api
