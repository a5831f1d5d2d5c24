#include "api/integration_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "api/answers.hpp"
#include "api/draft_json.hpp"
#include "api/integration_list.hpp"
#include "api/paging.hpp"
#include "api/provider_limits.hpp"
#include "api/selection.hpp"
#include "api/status_json.hpp"

namespace sluice::api {
namespace {

/// Redelivering many takes longer than a caller may want to wait: what is left then is asked for again.
constexpr auto kRedeliverTimeout = std::chrono::seconds(25);

std::optional<LogPosition> parse_position(std::string_view text) {
    LogPosition position;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position.sequence);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return position;
}

http::Response item_response(int status, const IntegrationDirectory::Item& item) {
    return revision_response(status, to_json(item), item.revision);
}

}  // namespace

std::vector<Route> IntegrationCalls::routes() {
    constexpr auto kRead = Scope::integration_read;
    constexpr auto kWrite = Scope::integration_write;
    auto row = [this](std::string_view method, std::string_view path, Scope scope,
                      Answer (IntegrationCalls::*answer)(Call)) {
        Route route;
        route.method = method;
        route.path = path;
        route.scope = scope;
        route.handle = [this, answer](Call call) { return (this->*answer)(std::move(call)); };
        route.is_change = !path.ends_with("/test");
        if (method == "PUT" || method == "PATCH") route.query = {"force"};
        // These two say themselves what they know: it is the same that a body may choose by.
        if (method == "GET" && (path.ends_with("/integrations") || path.ends_with("/dead-letters")))
            route.query.reset();
        return route;
    };
    using Calls = IntegrationCalls;
    return {
        row("GET", "/v1/integrations", kRead, &Calls::list),
        row("POST", "/v1/integrations", kWrite, &Calls::create),
        row("GET", "/v1/integrations/{id}", kRead, &Calls::get),
        row("PUT", "/v1/integrations/{id}", kWrite, &Calls::change),
        row("PATCH", "/v1/integrations/{id}", kWrite, &Calls::change),
        row("DELETE", "/v1/integrations/{id}", kWrite, &Calls::erase),
        row("POST", "/v1/integrations/{id}/test", kWrite, &Calls::test),
        row("POST", "/v1/integrations/{id}/sample", kWrite, &Calls::sample),
        row("POST", "/v1/integrations/{id}/pause", kWrite, &Calls::pause),
        row("POST", "/v1/integrations/{id}/resume", kWrite, &Calls::resume),
        row("POST", "/v1/integrations/{id}/replay", kWrite, &Calls::replay),
        row("GET", "/v1/integrations/{id}/dead-letters", kRead, &Calls::dead_letters),
        row("POST", "/v1/integrations/{id}/dead-letters/redeliver", kWrite, &Calls::redeliver),
        row("POST", "/v1/integrations/{id}/dead-letters/discard", kWrite, &Calls::discard),
        row("GET", "/v1/integrations/{id}/dead-letters/{sequence}", kRead, &Calls::dead_letter),
    };
}

boost::asio::awaitable<http::Response> IntegrationCalls::list(Call call) {
    Result<IntegrationListRequest> wanted = integration_list_request(call.request.query_parameters());
    if (!wanted) {
        const Error& error = wanted.error();
        co_return http::plain_problem(400, "bad_parameter",
                                      error.hint.empty() ? error.message : error.message + ": " + error.hint);
    }
    IntegrationDirectory::Page page =
        co_await directory_.list(std::move(call.caller), std::move(wanted->selection), wanted->details);
    co_return json_response(200, to_json(page, wanted->details));
}

boost::asio::awaitable<http::Response> IntegrationCalls::create(Call call) {
    auto settings = object_body(call.request);
    if (!settings) co_return std::move(settings.error());
    Result<IntegrationDirectory::Item> made = co_await directory_.create(std::move(call.caller), std::move(*settings));
    if (!made) co_return problem_of(made.error());
    auto response = item_response(201, *made);
    response.headers.set("Location", "/v1/integrations/" + made->id);
    co_return response;
}

boost::asio::awaitable<http::Response> IntegrationCalls::get(Call call) {
    Result<IntegrationDirectory::Item> item = co_await directory_.get(std::move(call.caller), call.parameters[0]);
    co_return item ? item_response(200, *item) : problem_of(item.error());
}

http::OrAnswer<std::string> IntegrationCalls::expected_revision(const Call& call) const {
    auto if_match = call.request.headers.get("If-Match");
    if (if_match.empty()) return std::string();
    Result<std::string> revision = directory_.revision(call.caller, call.parameters[0]);
    if (!revision) return problem_of(revision.error());
    if (!names_entity_tag(if_match, entity_tag(*revision)))
        return http::plain_problem(412, "changed_meanwhile",
                                   "the integration was changed since it was read; read it again");
    return std::move(*revision);
}

boost::asio::awaitable<http::Response> IntegrationCalls::change(Call call) {
    bool merge = call.request.method == "PATCH";
    if (merge && !is_merge_patch(call.request)) co_return not_a_merge_patch();
    auto settings = object_body(call.request);
    if (!settings) co_return std::move(settings.error());
    const std::string& id = call.parameters[0];
    auto expected = expected_revision(call);
    if (!expected) co_return std::move(expected.error());
    auto force = call.request.query_parameter("force");
    if (force && *force != "true" && *force != "false")
        co_return http::plain_problem(400, "bad_parameter", "force is true or false");
    const bool is_forced = force == std::optional<std::string>("true");
    IntegrationDirectory::SettingsChange wanted{std::move(*settings), merge, std::move(*expected), is_forced};
    Result<IntegrationDirectory::Item> changed =
        co_await directory_.change(std::move(call.caller), id, std::move(wanted));
    co_return changed ? item_response(200, *changed) : problem_of(changed.error());
}

boost::asio::awaitable<http::Response> IntegrationCalls::erase(Call call) {
    auto expected = expected_revision(call);
    if (!expected) co_return std::move(expected.error());
    Result<void> erased = co_await directory_.erase(std::move(call.caller), call.parameters[0], std::move(*expected));
    if (!erased) co_return problem_of(erased.error());
    http::Response response;
    response.status = 204;
    co_return response;
}

boost::asio::awaitable<http::Response> IntegrationCalls::test(Call call) {
    Result<ProbeReport> report =
        co_await directory_.test(std::move(call.caller), call.parameters[0], Deadline::after(kTestTimeout));
    co_return report ? json_response(200, to_json(*report)) : problem_of(report.error());
}

boost::asio::awaitable<http::Response> IntegrationCalls::sample(Call call) {
    Result<std::optional<DeliveryError>> sent =
        co_await directory_.send_sample(std::move(call.caller), call.parameters[0], Deadline::after(kSampleTimeout));
    co_return sent ? json_response(200, sample_json(*sent)) : problem_of(sent.error());
}

boost::asio::awaitable<http::Response> IntegrationCalls::pause(Call call) {
    std::string reason = "paused by " + call.caller.token_name;
    Result<void> done = co_await directory_.pause(call.caller, call.parameters[0], std::move(reason));
    if (!done) co_return problem_of(done.error());
    http::Response answer = co_await get(std::move(call));
    co_return answer;
}

boost::asio::awaitable<http::Response> IntegrationCalls::resume(Call call) {
    Result<void> done = co_await directory_.resume(call.caller, call.parameters[0]);
    if (!done) co_return problem_of(done.error());
    http::Response answer = co_await get(std::move(call));
    co_return answer;
}

boost::asio::awaitable<http::Response> IntegrationCalls::dead_letters(Call call) {
    auto limit = page_limit(call.request);
    auto after = parse_position(call.request.query_parameter("after").value_or("0"));
    if (!limit || !after) co_return http::plain_problem(400, "bad_page", "limit and after are whole numbers");
    Result<DeadLetterFilter> filter = dead_letter_filter(call.request.query_parameters());
    if (!filter) co_return http::plain_problem(400, "bad_filter", filter.error().message);
    Result<DeadLetterPage> page = co_await directory_.dead_letters(std::move(call.caller), call.parameters[0],
                                                                   std::move(*filter), *after, *limit);
    co_return page ? json_response(200, to_json(*page)) : problem_of(page.error());
}

boost::asio::awaitable<http::Response> IntegrationCalls::dead_letter(Call call) {
    // It shows what was written, which the list does not.
    if (!call.caller.may(Scope::share_read)) co_return http::missing_scope(Scope::share_read);
    auto position = parse_position(call.parameters[1]);
    if (!position) co_return http::plain_problem(404, "unknown_dead_letter", "a dead letter is named by its sequence");
    Result<std::string> seen = directory_.revision(call.caller, call.parameters[0]);
    if (!seen) co_return problem_of(seen.error());
    Result<DeadLetterPreview> letter =
        co_await directory_.dead_letter(std::move(call.caller), call.parameters[0], *position);
    if (letter) co_return json_response(200, to_json(*letter));
    if (letter.error().code == Errc::not_found)
        co_return http::plain_problem(404, "unknown_dead_letter", letter.error().message);
    co_return problem_of(letter.error());
}

boost::asio::awaitable<http::Response> IntegrationCalls::redeliver(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    Result<DeadLetterFilter> filter = dead_letter_selection(*body);
    if (!filter) co_return problem_of(filter.error());
    Result<DeadLetterOutcome> outcome = co_await directory_.redeliver(
        std::move(call.caller), call.parameters[0], std::move(*filter), Deadline::after(kRedeliverTimeout));
    co_return outcome ? json_response(200, to_json(*outcome)) : problem_of(outcome.error());
}

boost::asio::awaitable<http::Response> IntegrationCalls::discard(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    Result<DeadLetterFilter> filter = dead_letter_selection(*body);
    if (!filter) co_return problem_of(filter.error());
    Result<DeadLetterOutcome> outcome =
        co_await directory_.discard(std::move(call.caller), call.parameters[0], std::move(*filter));
    if (!outcome) co_return problem_of(outcome.error());
    co_return json_response(200, boost::json::object{{"discarded", outcome->settled}, {"complete", outcome->complete}});
}

boost::asio::awaitable<http::Response> IntegrationCalls::replay(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    Result<ReplayRequest> wanted = replay_request(*body);
    if (!wanted) co_return problem_of(wanted.error());
    Result<ReplayStatus> begun = co_await directory_.replay(std::move(call.caller), call.parameters[0], *wanted);
    if (begun) co_return json_response(202, to_json(*begun));
    // The integration was found: what is not there is the range.
    if (begun.error().code == Errc::not_found && begun.error().message.find("no integration") == std::string::npos)
        co_return http::plain_problem(422, "not_in_the_log", begun.error().message + ": " + begun.error().hint);
    co_return problem_of(begun.error());
}

}  // namespace sluice::api
