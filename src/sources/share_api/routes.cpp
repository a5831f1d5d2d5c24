#include "sources/share_api/routes.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/units.hpp"
#include "sources/share_api/answer.hpp"
#include "sources/share_api/problems.hpp"

namespace sluice::share_api {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kIdempotencyHeader = "Idempotency-Key";
constexpr std::string_view kReplayedHeader = "Idempotency-Replayed";
constexpr std::size_t kMaxTags = 64;

std::optional<http::Response> check_names(const Route& route) {
    if (route.kind == Route::Kind::events) return std::nullopt;
    if (!is_valid_rec_type(route.rec_type))
        return bad_request(
            "invalid_rec_type",
            "a recType is parts of A-Z a-z 0-9 _ - that start and end in a letter or digit, joined by dots, at most "
            "128 bytes");
    if (route.tags.size() > kMaxTags)
        return bad_request("too_many_tags", "at most " + std::to_string(kMaxTags) + " tags can be given");
    if (!std::all_of(route.tags.begin(), route.tags.end(), is_valid_tag))
        return bad_request("invalid_tag", "a tag is 1 to 64 bytes of UTF-8 without control characters and slashes");
    if (route.kind == Route::Kind::object && !is_valid_object_id(route.id))
        return bad_request("invalid_id", "an id is 1 to 128 of A-Z a-z 0-9 . _ : - and starts with a letter or digit");
    return std::nullopt;
}

bool has_body(std::string_view method) {
    return method == "POST" || method == "PUT";
}

Author author_of(const Principal& principal, const http::Request& request) {
    return {principal.org, principal.token_id, principal.token_name, request.remote_address};
}

std::optional<std::string> idempotency_key_of(const http::Request& request) {
    if (!request.headers.has(kIdempotencyHeader)) return std::nullopt;
    return std::string(request.headers.get(kIdempotencyHeader));
}

ObjectKey key_of(const Route& route, const Principal& principal) {
    return {principal.org, route.type, route.rec_type, route.id};
}

http::Response answer_with(int status, const PageMeta& meta, std::span<const Event> events, ObjectForm form) {
    return http::Response::json(status, render_answer(meta, events, form));
}

http::Response answer_with_object(int status, const Event& event, ObjectForm form = ObjectForm::whole) {
    return answer_with(status, {1, kDefaultPerPage, 1}, {&event, 1}, form);
}

http::Response options(Route::Kind kind) {
    http::Response response;
    response.status = 204;
    response.headers.set("Allow", std::string(allowed_methods(kind)));
    return response;
}

http::Response sort_too_large(const RouteLimits& limits, std::uint64_t matching) {
    return unacceptable("sort_too_large", "sorting by other members than createDate and tstamp reads at most " +
                                              std::to_string(limits.max_sorted_objects) + " objects of " +
                                              format_bytes(limits.max_read_bytes) + " in all, and " +
                                              std::to_string(matching) + " match; narrow them by from, to or tags");
}

Refusal too_many_sorts() {
    return Refusal::of(Refusal::Kind::busy, "overloaded",
                       "too many lists are being sorted by other members than createDate and tstamp",
                       std::chrono::seconds(1));
}

Refusal too_many_lists() {
    return Refusal::of(Refusal::Kind::busy, "overloaded", "too many lists of your org are waiting to be read",
                       std::chrono::seconds(1));
}

Refusal too_much_to_take() {
    return Refusal::of(
        Refusal::Kind::busy, "overloaded",
        "the lists that wait to be taken are as large as they may be in all: take them quicker, or ask for "
        "smaller pages",
        std::chrono::seconds(5));
}

/// Of a list; what it is to show is for the caller to say.
ObjectIndex::ListQuery query_of(const Route& route, const Principal& principal, const ListParameters& parameters) {
    ObjectIndex::ListQuery query;
    query.org = principal.org;
    query.type = route.type;
    query.rec_type = route.rec_type;
    query.tags = route.tags;
    query.from = parameters.from;
    query.to = parameters.to;
    return query;
}

ObjectForm form_of(const ListParameters& parameters) {
    return parameters.details ? ObjectForm::whole : ObjectForm::without_data;
}

/// What stands in a caller's first attempt, most often: curl's own type.
std::string not_a_body_form(std::string_view type) {
    constexpr std::size_t kShown = 100;
    std::string shown(type.substr(0, kShown));
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    std::string detail = "the Content-Type is " + shown +
                         ": send application/json, or application/x-ndjson for one object a line, in UTF-8";
    if (type.starts_with("application/x-www-form-urlencoded"))
        detail += " (with curl: -H 'Content-Type: application/json')";
    return detail;
}

}  // namespace

Routes::Routes(Ingest& ingest, Authenticate authenticate, RouteLimits limits)
    : ingest_(ingest),
      authenticate_(std::move(authenticate)),
      limits_(limits),
      sorting_(limits.max_sorts_at_once, limits.max_sorts_waiting),
      answers_(limits.max_bytes_of_answers, limits.max_bytes_of_answers_of_an_org) {}

OrAnswer<Routes::Call> Routes::prepare(const http::Request& request) const {
    Call call;
    auto route = parse_route(request);
    if (!route) return http::unknown_path();
    call.route = std::move(*route);
    if (request.method == "OPTIONS") return call;

    auto principal = authorise(call.route, request, authenticate_);
    if (!principal) return std::move(principal.error());
    call.principal = std::move(*principal);
    if (auto refused = check_names(call.route)) return std::move(*refused);

    if (has_body(request.method)) {
        const auto type = request.headers.get("Content-Type");
        const auto form = parse_content_type(type);
        if (!form) return unsupported_media_type(not_a_body_form(type));
        if (*form == BodyForm::ndjson && request.method == "PUT")
            return unsupported_media_type("an update takes one object as application/json");
        call.form = *form;
        return call;
    }
    const bool is_page = call.route.kind == Route::Kind::stream;
    auto parameters = parse_list_parameters(request, is_page ? ReadForm::page : ReadForm::single, limits_.max_per_page);
    if (!parameters) return bad_request("invalid_query", parameters.error().message);
    call.parameters = std::move(*parameters);
    return call;
}

std::optional<http::Response> Routes::check_head(http::Request& request) const {
    auto call = prepare(request);
    if (!call) return std::move(call.error());
    request.checked = std::make_shared<Call>(std::move(*call));
    return std::nullopt;
}

asio::awaitable<http::Response> Routes::handle(http::Request request) {
    auto checked = std::static_pointer_cast<Call>(std::exchange(request.checked, nullptr));
    OrAnswer<Call> call = checked ? OrAnswer<Call>(std::move(*checked)) : prepare(request);
    if (!call) co_return std::move(call.error());
    const std::string& method = request.method;
    const Route::Kind kind = call->route.kind;
    if (method == "OPTIONS") co_return options(kind);
    if (kind == Route::Kind::events) co_return co_await append_envelopes(std::move(*call), std::move(request));
    if (method == "POST") co_return co_await create(std::move(*call), std::move(request));
    if (method == "PUT") co_return co_await update(std::move(*call), std::move(request));
    if (method == "DELETE") co_return co_await remove(std::move(*call));
    if (kind == Route::Kind::object) co_return co_await get(std::move(*call));
    if (kind == Route::Kind::latest) co_return co_await latest(std::move(*call));
    co_return co_await list(std::move(*call));
}

asio::awaitable<http::Response> Routes::create(Call call, http::Request request) {
    const bool in_bulk = call.form == BodyForm::ndjson;
    CreateRequest create;
    create.context.author = author_of(call.principal, request);
    create.context.type = call.route.type;
    create.context.rec_type = call.route.rec_type;
    create.context.tags = std::move(call.route.tags);
    create.body = std::move(request.body);
    create.ndjson = in_bulk;
    create.idempotency_key = idempotency_key_of(request);
    IngestResult<Written> written = co_await ingest_.create(std::move(create));
    if (!written) co_return problem_of(written.error());

    http::Response response;
    if (in_bulk) {
        response = answer_with(201, {1, written->count, written->count}, written->events, ObjectForm::receipt);
    } else {
        const Event& object = written->events.front();
        response = answer_with_object(201, object);
        std::string location = "/";
        location += path_of(call.route.type);
        location += '/' + call.route.rec_type + '/';
        location += object->id;
        response.headers.set("Location", std::move(location));
    }
    if (written->replayed) response.headers.set(kReplayedHeader, "true");
    co_return response;
}

asio::awaitable<http::Response> Routes::append_envelopes(Call call, http::Request request) {
    EnvelopesRequest envelopes;
    envelopes.org = std::move(call.principal.org);
    envelopes.body = std::move(request.body);
    envelopes.ndjson = call.form == BodyForm::ndjson;
    envelopes.idempotency_key = idempotency_key_of(request);
    IngestResult<Written> written = co_await ingest_.append_envelopes(std::move(envelopes));
    if (!written) co_return problem_of(written.error());
    http::Response response =
        http::Response::json(201, render_receipt(written->count, written->first, written->last()));
    if (written->replayed) response.headers.set(kReplayedHeader, "true");
    co_return response;
}

asio::awaitable<http::Response> Routes::update(Call call, http::Request request) {
    UpdateRequest update;
    update.author = author_of(call.principal, request);
    update.key = key_of(call.route, call.principal);
    update.body = std::move(request.body);
    IngestResult<Event> object = co_await ingest_.update(std::move(update));
    if (!object) co_return problem_of(object.error());
    co_return answer_with_object(200, *object);
}

asio::awaitable<http::Response> Routes::remove(Call call) {
    ObjectKey key = key_of(call.route, call.principal);
    IngestResult<Event> object = co_await ingest_.remove(std::move(key));
    if (!object) co_return problem_of(object.error());
    co_return answer_with_object(200, *object);
}

asio::awaitable<http::Response> Routes::get(Call call) {
    ObjectKey key = key_of(call.route, call.principal);
    IngestResult<Event> object = co_await ingest_.get(std::move(key));
    if (!object) co_return problem_of(object.error());
    co_return answer_with_object(200, *object, form_of(call.parameters));
}

asio::awaitable<http::Response> Routes::latest(Call call) {
    ObjectIndex::ListQuery query;
    query.org = call.principal.org;
    query.type = call.route.type;
    query.rec_type = call.route.rec_type;
    query.tags = call.route.tags;
    query.limit = 1;
    query.exact_total = false;
    std::string org = call.principal.org;
    auto mine = co_await listing_.lock(std::move(org), limits_.max_lists_waiting);
    if (!mine) co_return problem_of(too_many_lists());
    IngestResult<ObjectIndex::ListPage> page = co_await ingest_.list(std::move(query));
    if (!page) co_return problem_of(page.error());
    if (page->events.empty()) {
        const Refusal none =
            Refusal::of(Refusal::Kind::not_found, "not_found", "no such object has been written, or all are gone");
        co_return problem_of(none);
    }
    co_return answer_with_object(200, page->events.front(), form_of(call.parameters));
}

/// A list stays in memory until its reader has taken it, however slowly.
http::Response Routes::within_room(const std::string& org, http::Response answer) {
    answer.held = answers_.take(org, answer.body.size());
    return answer.held ? std::move(answer) : problem_of(too_much_to_take());
}

asio::awaitable<http::Response> Routes::list(Call call) {
    const ListParameters& parameters = call.parameters;
    std::string org = call.principal.org;
    auto mine = co_await listing_.lock(std::move(org), limits_.max_lists_waiting);
    if (!mine) co_return problem_of(too_many_lists());
    if (!parameters.sort.is_by_creation()) co_return co_await list_sorted(std::move(call));
    ObjectIndex::ListQuery query = query_of(call.route, call.principal, parameters);
    query.offset = parameters.offset();
    query.limit = parameters.per_page;
    query.newest_first = parameters.sort.newest_first();
    query.max_bytes = limits_.max_read_bytes;
    IngestResult<ObjectIndex::ListPage> page = co_await ingest_.list(std::move(query));
    if (!page) co_return problem_of(page.error());
    if (page->cut)
        co_return unacceptable("page_too_large", "this page has more than " + format_bytes(limits_.max_read_bytes) +
                                                     " of objects; ask for a smaller perPage");
    const PageMeta meta{parameters.page, parameters.per_page, page->total};
    co_return within_room(call.principal.org, answer_with(200, meta, page->events, form_of(parameters)));
}

/// In an order that the index does not keep: everything that matches is read.
asio::awaitable<http::Response> Routes::list_sorted(Call call) {
    const ListParameters& parameters = call.parameters;
    auto turn = co_await sorting_.take();
    if (!turn) co_return problem_of(too_many_sorts());
    ObjectIndex::ListQuery query = query_of(call.route, call.principal, parameters);
    query.limit = limits_.max_sorted_objects;
    query.max_bytes = limits_.max_read_bytes;
    bool too_large = false;
    auto arrange = [this, &parameters, &too_large](ObjectIndex::ListPage& page) {
        too_large = page.cut || page.total > limits_.max_sorted_objects;
        if (!too_large) parameters.sort.sort(page.events);
        const std::size_t size = page.events.size();
        const std::size_t first = too_large ? size : std::min(parameters.offset(), size);
        const std::size_t shown = std::min(parameters.per_page, size - first);
        // What is not shown is let go of here.
        std::vector<Event> kept(
            std::make_move_iterator(page.events.begin() + static_cast<std::ptrdiff_t>(first)),
            std::make_move_iterator(page.events.begin() + static_cast<std::ptrdiff_t>(first + shown)));
        page.events = std::move(kept);
    };
    IngestResult<ObjectIndex::ListPage> page = co_await ingest_.list(std::move(query), std::move(arrange));
    if (!page) co_return problem_of(page.error());
    if (too_large) co_return sort_too_large(limits_, page->total);
    const PageMeta meta{parameters.page, parameters.per_page, page->total};
    co_return within_room(call.principal.org, answer_with(200, meta, page->events, form_of(parameters)));
}

}  // namespace sluice::share_api
