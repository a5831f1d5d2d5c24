#include "api/token_calls.hpp"

#include <boost/json/array.hpp>

#include "api/answers.hpp"
#include "api/paging.hpp"
#include "api/status_json.hpp"
#include "destination/settings_reader.hpp"

namespace sluice::api {
namespace {

constexpr auto kMaxOverlap = std::chrono::hours(30 * 24);

boost::json::array to_array(const std::vector<std::string>& texts) {
    boost::json::array out;
    for (const auto& text : texts) out.push_back(boost::json::string(text));
    return out;
}

http::Response refusal(const Error& error) {
    if (error.code == Errc::forbidden)
        return http::plain_problem(403, "not_grantable", error.message + ": " + error.hint);
    return problem_of(error, "unknown_token");
}

/// The one answer that has a token's text: nobody on the way keeps it.
http::Response issued_response(int status, AccessDirectory::Issued issued, Timestamp now) {
    auto body = to_json(issued.item, now);
    body["token"] = issued.token.reveal();
    auto response = json_response(status, body);
    response.headers.set("Cache-Control", "no-store");
    return response;
}

Result<std::chrono::milliseconds> overlap_of(const boost::json::object& body) {
    SettingsReader reader(body, "");
    auto overlap = reader.duration("overlap", {}, {}, kMaxOverlap);
    if (auto done = reader.finish(); !done) return done.error();
    return std::chrono::duration_cast<std::chrono::milliseconds>(overlap);
}

}  // namespace

boost::json::object to_json(const AccessDirectory::TokenItem& item, Timestamp now) {
    const auto& token = item.token;
    boost::json::object out{{"id", item.id},
                            {"name", token.name},
                            {"org", token.org},
                            {"operator", token.is_operator},
                            {"pipe", token.is_pipe}};
    out["scopes"] = to_array(scope_names(token.scopes));
    if (token.is_pipe) out["recTypes"] = to_array(token.rec_types);
    if (token.rate) out["limits"] = sluice::to_json(*token.rate);
    out["source"] = item.source;
    out["created"] = time_or_null(item.created);
    out["created_by"] = item.created_by.empty() ? boost::json::value(nullptr) : boost::json::value(item.created_by);
    out["expires"] = time_or_null(token.expires);
    out["expired"] = token.expires && *token.expires <= now;
    out["previous_valid_until"] = time_or_null(item.previous_until);
    out["last_used"] = time_or_null(item.last_used);
    return out;
}

std::vector<Route> TokenCalls::routes() {
    auto row = [this](std::string_view method, std::string_view path, Answer (TokenCalls::*answer)(Call)) {
        Route route;
        route.method = method;
        route.path = path;
        route.scope = Scope::all;
        route.handle = [this, answer](Call call) { return (this->*answer)(std::move(call)); };
        if (method == "GET" && path == "/v1/tokens") route.query = {"limit", "after", "org"};
        return route;
    };
    return {
        row("GET", "/v1/tokens", &TokenCalls::list),
        row("POST", "/v1/tokens", &TokenCalls::create),
        row("GET", "/v1/tokens/{id}", &TokenCalls::get),
        row("DELETE", "/v1/tokens/{id}", &TokenCalls::revoke),
        row("POST", "/v1/tokens/{id}/rotate", &TokenCalls::rotate),
    };
}

boost::asio::awaitable<http::Response> TokenCalls::list(Call call) {
    auto limit = page_limit(call.request);
    if (!limit) co_return bad_limit();
    auto after = call.request.query_parameter("after").value_or(std::string());
    auto org = call.request.query_parameter("org").value_or(std::string());
    auto show = [now = clock_.now()](const auto& item) { return to_json(item, now); };
    auto name = [](const auto& item) { return item.id; };
    co_return page_response(directory_.tokens(call.caller, org, after, *limit + 1), *limit, show, name);
}

boost::asio::awaitable<http::Response> TokenCalls::create(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    auto wanted = parse_token_request(*body, call.caller.org, clock_.now());
    if (!wanted) co_return problem_of(wanted.error());
    Result<AccessDirectory::Issued> issued =
        co_await directory_.create_token(std::move(call.caller), std::move(*wanted));
    if (!issued) co_return refusal(issued.error());
    auto location = "/v1/tokens/" + issued->item.id;
    auto response = issued_response(201, std::move(*issued), clock_.now());
    response.headers.set("Location", std::move(location));
    co_return response;
}

boost::asio::awaitable<http::Response> TokenCalls::get(Call call) {
    auto item = directory_.token(call.caller, call.parameters[0]);
    co_return item ? json_response(200, to_json(*item, clock_.now())) : refusal(item.error());
}

boost::asio::awaitable<http::Response> TokenCalls::revoke(Call call) {
    Result<void> revoked = co_await directory_.revoke_token(std::move(call.caller), call.parameters[0]);
    if (!revoked) co_return refusal(revoked.error());
    http::Response response;
    response.status = 204;
    co_return response;
}

boost::asio::awaitable<http::Response> TokenCalls::rotate(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    auto overlap = overlap_of(*body);
    if (!overlap) co_return problem_of(overlap.error());
    Result<AccessDirectory::Issued> issued =
        co_await directory_.rotate_token(std::move(call.caller), call.parameters[0], *overlap);
    co_return issued ? issued_response(200, std::move(*issued), clock_.now()) : refusal(issued.error());
}

}  // namespace sluice::api
