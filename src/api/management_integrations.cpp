// The calls on integrations.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "api/answers.hpp"
#include "api/management_route.hpp"
#include "api/selection.hpp"
#include "api/status_json.hpp"

namespace sluice::api {
namespace {

constexpr std::size_t kPageLimit = 1000;
constexpr std::size_t kDefaultPage = 100;
constexpr auto kTestTimeout = std::chrono::seconds(30);
constexpr auto kSampleTimeout = std::chrono::seconds(30);
/// Redelivering many takes longer than a caller may want to wait: what is left then is asked for again.
constexpr auto kRedeliverTimeout = std::chrono::seconds(25);

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

std::string entity_tag(const std::string& revision) {
    return '"' + revision + '"';
}

http::Response item_response(int status, const IntegrationDirectory::Item& item) {
    auto response = json_response(status, to_json(item));
    response.headers.set("ETag", entity_tag(item.revision));
    return response;
}

/// RFC 9110, If-Match: a list of entity tags, or `*`.
bool is_matched(std::string_view if_match, const std::string& tag) {
    while (!if_match.empty()) {
        auto comma = if_match.find(',');
        std::string_view one = if_match.substr(0, comma);
        if_match = comma == std::string_view::npos ? std::string_view() : if_match.substr(comma + 1);
        auto first = one.find_first_not_of(" \t");
        if (first == std::string_view::npos) continue;
        one = one.substr(first, one.find_last_not_of(" \t") - first + 1);
        if (one == "*" || one == tag) return true;
    }
    return false;
}

bool is_patch_type(std::string_view content_type) {
    auto end = content_type.find_first_of("; ");
    std::string_view type = content_type.substr(0, end);
    return type.empty() || type == "application/merge-patch+json" || type == "application/json";
}

}  // namespace

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
    if (request.method == "PUT" || request.method == "PATCH") {
        http::Response changed = co_await change(route.id, std::move(caller), std::move(request));
        co_return changed;
    }
    if (request.method == "DELETE") {
        Result<void> erased = co_await parts_.integrations.erase(std::move(caller), route.id);
        if (!erased) co_return problem_of(erased.error());
        http::Response response;
        response.status = 204;
        co_return response;
    }
    Result<IntegrationDirectory::Item> item = co_await parts_.integrations.get(std::move(caller), route.id);
    co_return item ? item_response(200, *item) : problem_of(item.error());
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
    auto settings = object_body(request);
    if (!settings) co_return std::move(settings.error());
    Result<IntegrationDirectory::Item> made =
        co_await parts_.integrations.create(std::move(caller), std::move(*settings));
    if (!made) co_return problem_of(made.error());
    auto response = item_response(201, *made);
    response.headers.set("Location", "/v1/integrations/" + made->id);
    co_return response;
}

boost::asio::awaitable<http::Response> ManagementApi::change(std::string id, Principal caller, http::Request request) {
    bool merge = request.method == "PATCH";
    if (merge && !is_patch_type(request.headers.get("Content-Type")))
        co_return http::plain_problem(415, "unsupported_media_type",
                                      "a PATCH is a merge patch (RFC 7396): application/merge-patch+json");
    auto settings = object_body(request);
    if (!settings) co_return std::move(settings.error());
    std::string expected;
    if (auto if_match = request.headers.get("If-Match"); !if_match.empty()) {
        Result<std::string> revision = parts_.integrations.revision(caller, id);
        if (!revision) co_return problem_of(revision.error());
        if (!is_matched(if_match, entity_tag(*revision)))
            co_return http::plain_problem(412, "changed_meanwhile",
                                          "the integration was changed since it was read; read it again");
        expected = *revision;
    }
    Result<IntegrationDirectory::Item> changed = co_await parts_.integrations.change(
        std::move(caller), std::move(id), std::move(*settings), merge, std::move(expected));
    co_return changed ? item_response(200, *changed) : problem_of(changed.error());
}

boost::asio::awaitable<http::Response> ManagementApi::act(Route route, Principal caller, http::Request request) {
    auto& directory = parts_.integrations;
    if (route.action == "test") {
        Result<ProbeReport> report =
            co_await directory.test(std::move(caller), route.id, Deadline::after(kTestTimeout));
        co_return report ? json_response(200, to_json(*report)) : problem_of(report.error());
    }
    if (route.action == "sample") {
        Result<std::optional<DeliveryError>> sent =
            co_await directory.send_sample(std::move(caller), route.id, Deadline::after(kSampleTimeout));
        co_return sent ? json_response(200, sample_json(*sent)) : problem_of(sent.error());
    }
    if (route.action == "replay") {
        http::Response begun = co_await replay(route.id, std::move(caller), std::move(request));
        co_return begun;
    }
    if (route.action == "dead-letters") {
        http::Response page = co_await dead_letters(route.id, std::move(caller), std::move(request));
        co_return page;
    }
    if (route.action == "redeliver" || route.action == "discard") {
        http::Response settled = co_await settle_dead_letters(std::move(route), std::move(caller), std::move(request));
        co_return settled;
    }
    Result<void> done;
    if (route.action == "pause")
        done = co_await directory.pause(caller, route.id, "paused by " + caller.token_name);
    else
        done = co_await directory.resume(caller, route.id);
    if (!done) co_return problem_of(done.error());
    Result<IntegrationDirectory::Item> item = co_await directory.get(std::move(caller), route.id);
    co_return item ? item_response(200, *item) : problem_of(item.error());
}

boost::asio::awaitable<http::Response> ManagementApi::dead_letters(std::string id, Principal caller,
                                                                   http::Request request) {
    auto limit = page_limit(request);
    auto after = parse_position(request.query_parameter("after").value_or("0"));
    if (!limit || !after) co_return http::plain_problem(400, "bad_page", "limit and after are whole numbers");
    Result<DeadLetterFilter> filter = dead_letter_filter(request.query_parameters());
    if (!filter) co_return http::plain_problem(400, "bad_filter", filter.error().message);
    Result<DeadLetterPage> page =
        co_await parts_.integrations.dead_letters(std::move(caller), std::move(id), std::move(*filter), *after, *limit);
    co_return page ? json_response(200, to_json(*page)) : problem_of(page.error());
}

boost::asio::awaitable<http::Response> ManagementApi::settle_dead_letters(Route route, Principal caller,
                                                                          http::Request request) {
    auto body = object_body(request);
    if (!body) co_return std::move(body.error());
    Result<DeadLetterFilter> filter = dead_letter_selection(*body);
    if (!filter) co_return problem_of(filter.error());
    auto& directory = parts_.integrations;
    if (route.action == "discard") {
        Result<DeadLetterOutcome> outcome = co_await directory.discard(std::move(caller), route.id, std::move(*filter));
        if (!outcome) co_return problem_of(outcome.error());
        co_return json_response(200, boost::json::object{{"discarded", outcome->settled}});
    }
    Result<DeadLetterOutcome> outcome = co_await directory.redeliver(std::move(caller), route.id, std::move(*filter),
                                                                     Deadline::after(kRedeliverTimeout));
    co_return outcome ? json_response(200, to_json(*outcome)) : problem_of(outcome.error());
}

boost::asio::awaitable<http::Response> ManagementApi::replay(std::string id, Principal caller, http::Request request) {
    auto body = object_body(request);
    if (!body) co_return std::move(body.error());
    Result<ReplayRequest> wanted = replay_request(*body);
    if (!wanted) co_return problem_of(wanted.error());
    Result<ReplayStatus> begun = co_await parts_.integrations.replay(std::move(caller), std::move(id), *wanted);
    if (begun) co_return json_response(202, to_json(*begun));
    // The integration was found: what is not there is the range.
    if (begun.error().code == Errc::not_found && begun.error().message.find("no integration") == std::string::npos)
        co_return http::plain_problem(422, "not_in_the_log", begun.error().message + ": " + begun.error().hint);
    co_return problem_of(begun.error());
}

}  // namespace sluice::api
