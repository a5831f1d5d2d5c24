#include "api/audit_trail.hpp"

#include <boost/json/array.hpp>
#include <charconv>

#include "api/answers.hpp"
#include "api/paging.hpp"
#include "base/ids.hpp"
#include "control/token_text.hpp"

namespace sluice::api {
namespace {

std::string text_member(const boost::json::object* body, std::string_view name) {
    const auto* value = body == nullptr ? nullptr : body->if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

boost::json::object to_json(const AuditEntry& entry, bool to_operator) {
    bool hide = entry.by_operator && !to_operator;
    boost::json::object token{{"id", hide ? "operator" : entry.token_id},
                              {"name", hide ? "operator" : entry.token_name},
                              {"operator", entry.by_operator}};
    boost::json::array members;
    for (const auto& member : entry.members) members.push_back(boost::json::string(member));
    boost::json::object out{{"id", std::to_string(entry.number)}, {"time", format_rfc3339(entry.time)}};
    out["token"] = std::move(token);
    out["org"] = entry.org.empty() ? boost::json::value(nullptr) : boost::json::value(entry.org);
    out["remote_address"] = hide ? boost::json::value(nullptr) : boost::json::value(entry.remote_address);
    out["action"] = entry.action;
    out["target"] = entry.target;
    out["status"] = entry.status;
    out["code"] = entry.code.empty() ? boost::json::value(nullptr) : boost::json::value(entry.code);
    out["members"] = std::move(members);
    return out;
}

std::vector<Route> AuditTrail::routes() {
    Route route;
    route.method = "GET";
    route.path = "/v1/audit";
    route.scope = Scope::all;
    route.query = {"limit", "after", "org"};
    route.handle = [this](Call call) { return list(std::move(call)); };
    return {std::move(route)};
}

std::string AuditTrail::org_of(const Route& route, const Call& call, const boost::json::object* body) const {
    // What a tenant tries at another org is told in its own org's log.
    if (!call.caller.is_operator) return call.caller.org;
    std::string named;
    if (route.path == "/v1/reload" || route.path.starts_with("/v1/secrets")) return {};
    if (route.path.starts_with("/v1/orgs"))
        named = call.parameters.empty() ? text_member(body, "id") : call.parameters[0];
    else if (route.path.starts_with("/v1/tokens/")) {
        auto token = parts_.access.token(call.caller, call.parameters[0]);
        if (token) named = token->token.org;
    } else if (route.path.starts_with("/v1/integrations/")) {
        named = parts_.integrations.org_of(call.parameters[0]).value_or(std::string());
    } else if (route.path.starts_with("/v1/alerts/")) {
        if (auto alert = parts_.alerts.find(call.parameters[0])) named = alert->org;
    } else {
        named = text_member(body, "org");
    }
    return is_valid_rec_type(named) ? named : call.caller.org;
}

/// The path without what may be a secret: people name a token by its text when they mean to revoke it in a hurry.
std::string AuditTrail::target_of(const Route& route, const Call& call) const {
    std::string path = without_token_texts(call.request.path);
    if (!route.path.starts_with("/v1/tokens/") || parts_.access.token(call.caller, call.parameters[0])) return path;
    auto end = path.find('/', std::string_view("/v1/tokens/").size());
    return "/v1/tokens/…" + (end == std::string::npos ? std::string() : path.substr(end));
}

AuditEntry AuditTrail::begin(const Route& route, const Call& call) const {
    AuditEntry entry;
    entry.token_id = call.caller.token_id;
    entry.token_name = call.caller.token_name;
    entry.caller_org = call.caller.org;
    entry.by_operator = call.caller.is_operator;
    entry.remote_address = call.request.remote_address;
    entry.action = std::string(route.method) + " " + std::string(route.path);
    entry.target = target_of(route, call);
    auto body = object_body(call.request);
    if (body) entry.members = member_paths(*body);
    entry.org = org_of(route, call, body ? &*body : nullptr);
    return entry;
}

boost::asio::awaitable<void> AuditTrail::end(AuditEntry entry, int status, std::string code) {
    entry.status = status;
    entry.code = std::move(code);
    Result<AuditEntry> kept = co_await parts_.log.record(entry);
    if (kept)
        parts_.tell(*kept, {});
    else
        parts_.tell(entry, kept.error().message);
}

boost::asio::awaitable<http::Response> AuditTrail::list(Call call) {
    auto limit = page_limit(call.request);
    if (!limit) co_return bad_limit();
    auto after = call.request.query_parameter("after").value_or(std::string());
    std::uint64_t before = 0;
    auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), before);
    if (!after.empty() && (error != std::errc() || end != after.data() + after.size()))
        co_return http::plain_problem(400, "bad_page", "after is the id of an entry");
    auto org = call.request.query_parameter("org");
    if (!call.caller.is_operator) {
        if (org && *org != call.caller.org)
            co_return http::plain_problem(403, "foreign_org", "only the operator's token sees other orgs' changes");
        org = call.caller.org;
    }
    Result<std::vector<AuditEntry>> entries = co_await parts_.log.page(std::move(org), before, *limit + 1);
    if (!entries) co_return problem_of(entries.error());
    auto show = [to_operator = call.caller.is_operator](const auto& entry) { return to_json(entry, to_operator); };
    auto name = [](const auto& entry) { return std::to_string(entry.number); };
    co_return page_response(std::move(*entries), *limit, show, name);
}

}  // namespace sluice::api
