#include "api/alert_calls.hpp"

#include <boost/json/array.hpp>
#include <utility>

#include "api/answers.hpp"
#include "api/paging.hpp"

namespace sluice::api {
namespace {

boost::json::value failure_json(const std::optional<AlertFailure>& failure) {
    if (!failure) return nullptr;
    return boost::json::object{{"code", failure->code},
                               {"message", failure->message},
                               {"hint", failure->hint},
                               {"at", format_rfc3339(failure->at)}};
}

boost::json::object statistics_json(const AlertStatistics& statistics) {
    boost::json::value last_sent = nullptr;
    if (statistics.last_sent) last_sent = boost::json::string(format_rfc3339(*statistics.last_sent));
    return {{"sent", statistics.sent},
            {"dropped", statistics.dropped},
            {"waiting", statistics.waiting},
            {"last_sent", std::move(last_sent)},
            {"last_error", failure_json(statistics.last_error)}};
}

std::string unusable_text(const Error& why) {
    return "its settings cannot be used any more: " + why.message + (why.hint.empty() ? "" : ": " + why.hint);
}

/// Settings (redacted), then `source` and `stats`.
boost::json::object item_json(const AlertDirectory::Item& item, const AlertSender& sender) {
    boost::json::object out = item.settings;
    out["source"] = item.from_file ? "file" : "api";
    out["stats"] = statistics_json(sender.statistics(item.id));
    if (item.unusable) out["unusable"] = unusable_text(*item.unusable);
    return out;
}

constexpr std::string_view kUnknown = "unknown_alert";

}  // namespace

std::vector<Route> AlertCalls::routes() {
    constexpr auto kRead = Scope::integration_read;
    constexpr auto kWrite = Scope::integration_write;
    auto row = [this](std::string_view method, std::string_view path, Scope scope, Answer (AlertCalls::*answer)(Call)) {
        Route route;
        route.method = method;
        route.path = path;
        route.scope = scope;
        route.handle = [this, answer](Call call) { return (this->*answer)(std::move(call)); };
        route.is_change = !path.ends_with("/test");
        if (method == "GET" && path == "/v1/alerts") route.query = {"limit", "after"};
        return route;
    };
    using Calls = AlertCalls;
    return {
        row("GET", "/v1/alerts", kRead, &Calls::list),
        row("POST", "/v1/alerts", kWrite, &Calls::create),
        row("GET", "/v1/alerts/{id}", kRead, &Calls::get),
        row("PUT", "/v1/alerts/{id}", kWrite, &Calls::change),
        row("PATCH", "/v1/alerts/{id}", kWrite, &Calls::change),
        row("DELETE", "/v1/alerts/{id}", kWrite, &Calls::erase),
        row("POST", "/v1/alerts/{id}/test", kWrite, &Calls::test),
    };
}

boost::asio::awaitable<http::Response> AlertCalls::list(Call call) {
    auto limit = page_limit(call.request);
    if (!limit) co_return bad_limit();
    std::string after = call.request.query_parameter("after").value_or(std::string());
    auto show = [this](const AlertDirectory::Item& item) { return item_json(item, sender_); };
    auto name = [](const AlertDirectory::Item& item) { return item.id; };
    co_return page_response(directory_.list(call.caller, after, *limit + 1), *limit, show, name);
}

boost::asio::awaitable<http::Response> AlertCalls::create(Call call) {
    auto settings = object_body(call.request);
    if (!settings) co_return std::move(settings.error());
    Result<AlertDirectory::Created> made = co_await directory_.create(std::move(call.caller), std::move(*settings));
    if (!made) co_return problem_of(made.error(), kUnknown);
    boost::json::object json = item_json(made->item, sender_);
    // Made just now, and shown this once: the receiver needs it.
    if (made->secret) json["secret"] = made->secret->reveal();
    auto response = revision_response(201, std::move(json), made->item.revision);
    response.headers.set("Location", "/v1/alerts/" + made->item.id);
    response.headers.set("Cache-Control", "no-store");
    co_return response;
}

boost::asio::awaitable<http::Response> AlertCalls::get(Call call) {
    auto item = directory_.get(call.caller, call.parameters[0]);
    co_return item ? revision_response(200, item_json(*item, sender_), item->revision)
                   : problem_of(item.error(), kUnknown);
}

http::OrAnswer<std::string> AlertCalls::expected_revision(const Call& call) const {
    auto if_match = call.request.headers.get("If-Match");
    if (if_match.empty()) return std::string();
    auto seen = directory_.get(call.caller, call.parameters[0]);
    if (!seen) return problem_of(seen.error(), kUnknown);
    if (!names_entity_tag(if_match, entity_tag(seen->revision)))
        return http::plain_problem(412, "changed_meanwhile", "the alert was changed since it was read; read it again");
    return std::move(seen->revision);
}

boost::asio::awaitable<http::Response> AlertCalls::change(Call call) {
    bool merge = call.request.method == "PATCH";
    if (merge && !is_merge_patch(call.request)) co_return not_a_merge_patch();
    auto settings = object_body(call.request);
    if (!settings) co_return std::move(settings.error());
    // What an answer has beside the settings: sent back, it is not a setting.
    for (std::string_view name : {"source", "stats", "unusable"}) settings->stable_erase(name);
    const std::string& id = call.parameters[0];
    auto expected = expected_revision(call);
    if (!expected) co_return std::move(expected.error());
    Result<AlertDirectory::Item> changed =
        co_await directory_.change(std::move(call.caller), id, std::move(*settings), merge, std::move(*expected));
    co_return changed ? revision_response(200, item_json(*changed, sender_), changed->revision)
                      : problem_of(changed.error(), kUnknown);
}

boost::asio::awaitable<http::Response> AlertCalls::erase(Call call) {
    auto expected = expected_revision(call);
    if (!expected) co_return std::move(expected.error());
    Result<void> erased = co_await directory_.erase(std::move(call.caller), call.parameters[0], std::move(*expected));
    if (!erased) co_return problem_of(erased.error(), kUnknown);
    http::Response response;
    response.status = 204;
    co_return response;
}

boost::asio::awaitable<http::Response> AlertCalls::test(Call call) {
    auto item = directory_.get(call.caller, call.parameters[0]);
    if (item && item->unusable)
        co_return problem_of(make_error(Errc::invalid_argument, unusable_text(*item->unusable)), kUnknown);
    auto alert = item ? directory_.find(item->id) : nullptr;
    if (!alert)
        co_return problem_of(item ? make_error(Errc::not_found, "the alert was deleted meanwhile") : item.error(),
                             kUnknown);
    std::optional<AlertFailure> failure = co_await sender_.test(std::move(alert));
    co_return json_response(200,
                            boost::json::object{{"accepted", !failure.has_value()}, {"error", failure_json(failure)}});
}

}  // namespace sluice::api
