#include "api/org_calls.hpp"

#include <boost/json/array.hpp>

#include "api/answers.hpp"
#include "api/paging.hpp"
#include "control/settings_change.hpp"

namespace sluice::api {
namespace {

constexpr std::string_view kUnknownOrg = "unknown_org";

std::string entity_tag(const AccessDirectory::OrgItem& item) {
    return '"' + item.revision + '"';
}

http::Response item_response(int status, const AccessDirectory::OrgItem& item) {
    auto response = json_response(status, to_json(item));
    if (!item.revision.empty()) response.headers.set("ETag", entity_tag(item));
    return response;
}

}  // namespace

boost::json::object to_json(const AccessDirectory::OrgItem& item) {
    auto settings = sluice::to_json(item.definition);
    boost::json::object out{{"id", item.definition.id}, {"name", item.definition.name}};
    const auto* limits = settings.if_contains("limits");
    out["limits"] = limits == nullptr ? boost::json::value(boost::json::object()) : *limits;
    out["source"] = item.source;
    out["created"] = item.created ? boost::json::value(format_rfc3339(*item.created)) : boost::json::value(nullptr);
    out["tokens"] = item.tokens;
    out["integrations"] = item.integrations;
    return out;
}

std::vector<Route> OrgCalls::routes() {
    auto row = [this](std::string_view method, std::string_view path, Access access, Answer (OrgCalls::*answer)(Call)) {
        Route route;
        route.method = method;
        route.path = path;
        route.access = access;
        route.scope = access == Access::operator_only ? Scope::all : Scope::integration_read;
        route.handle = [this, answer](Call call) { return (this->*answer)(std::move(call)); };
        if (method == "GET" && path == "/v1/orgs") route.query = {"limit", "after"};
        return route;
    };
    constexpr auto kOperator = Access::operator_only;
    return {
        row("GET", "/v1/orgs", Access::scope, &OrgCalls::list),
        row("POST", "/v1/orgs", kOperator, &OrgCalls::create),
        row("GET", "/v1/orgs/{id}", Access::scope, &OrgCalls::get),
        row("PUT", "/v1/orgs/{id}", kOperator, &OrgCalls::change),
        row("PATCH", "/v1/orgs/{id}", kOperator, &OrgCalls::change),
        row("DELETE", "/v1/orgs/{id}", kOperator, &OrgCalls::erase),
    };
}

boost::asio::awaitable<http::Response> OrgCalls::list(Call call) {
    auto limit = page_limit(call.request);
    if (!limit) co_return bad_limit();
    auto after = call.request.query_parameter("after").value_or(std::string());
    auto items = directory_.orgs(call.caller, integrations_.count_by_org(), after, *limit + 1);
    auto show = [](const auto& item) { return to_json(item); };
    auto name = [](const auto& item) { return item.definition.id; };
    co_return page_response(std::move(items), *limit, show, name);
}

boost::asio::awaitable<http::Response> OrgCalls::create(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    auto org = parse_org(*body);
    if (!org) co_return problem_of(org.error());
    std::string id = org->id;
    Result<AccessDirectory::OrgItem> made = co_await directory_.create_org(std::move(*org));
    if (!made) co_return problem_of(made.error(), kUnknownOrg);
    made->integrations = integrations_.count_by_org()[id];
    auto response = item_response(201, *made);
    response.headers.set("Location", "/v1/orgs/" + id);
    co_return response;
}

boost::asio::awaitable<http::Response> OrgCalls::get(Call call) {
    auto item = directory_.org(call.caller, integrations_.count_by_org(), call.parameters[0]);
    co_return item ? item_response(200, *item) : problem_of(item.error(), kUnknownOrg);
}

http::OrAnswer<std::string> OrgCalls::expected_revision(const Call& call, const AccessDirectory::OrgItem& item) const {
    auto if_match = call.request.headers.get("If-Match");
    if (if_match.empty()) return std::string();
    if (item.revision.empty() || !names_entity_tag(if_match, entity_tag(item)))
        return http::plain_problem(412, "changed_meanwhile", "the org was changed since it was read; read it again");
    return item.revision;
}

boost::asio::awaitable<http::Response> OrgCalls::change(Call call) {
    bool merge = call.request.method == "PATCH";
    if (merge && !is_merge_patch(call.request)) co_return not_a_merge_patch();
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    const std::string& id = call.parameters[0];
    auto before = directory_.org(call.caller, integrations_.count_by_org(), id);
    if (!before) co_return problem_of(before.error(), kUnknownOrg);
    auto expected = expected_revision(call, *before);
    if (!expected) co_return std::move(expected.error());
    // What a GET gave can be edited and sent back.
    for (auto shown : {"source", "created", "tokens", "integrations"}) body->erase(shown);
    if (merge)
        *body = merge_patch(sluice::to_json(before->definition), *body);
    else if (!body->contains("id"))
        (*body)["id"] = id;  // the path names it
    auto org = parse_org(*body);
    if (!org) co_return problem_of(org.error());
    if (org->id != id)
        co_return problem_of(make_error(Errc::invalid_argument, "an org's id cannot be changed", "make another org"));
    // What a patch was worked out on must still be what it is put onto.
    if (merge && expected->empty()) *expected = before->revision;
    Result<AccessDirectory::OrgItem> changed = co_await directory_.change_org(std::move(*org), std::move(*expected));
    if (!changed) co_return problem_of(changed.error(), kUnknownOrg);
    changed->integrations = before->integrations;
    co_return item_response(200, *changed);
}

boost::asio::awaitable<http::Response> OrgCalls::erase(Call call) {
    const std::string& id = call.parameters[0];
    auto counts = integrations_.count_by_org();
    auto before = directory_.org(call.caller, counts, id);
    if (!before) co_return problem_of(before.error(), kUnknownOrg);
    auto expected = expected_revision(call, *before);
    if (!expected) co_return std::move(expected.error());
    Result<void> erased = co_await directory_.erase_org(id, std::move(counts), std::move(*expected));
    if (!erased) co_return problem_of(erased.error(), kUnknownOrg);
    http::Response response;
    response.status = 204;
    co_return response;
}

}  // namespace sluice::api
