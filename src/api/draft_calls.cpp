#include "api/draft_calls.hpp"

#include <charconv>
#include <utility>

#include "api/answers.hpp"
#include "api/draft_json.hpp"
#include "api/provider_limits.hpp"
#include "api/status_json.hpp"
#include "base/ids.hpp"
#include "destination/settings_reader.hpp"
#include "http/access.hpp"

namespace sluice::api {
namespace {

/// Tests and samples of drafts at a time, of all callers.
constexpr int kMostReachingOut = 32;
constexpr std::size_t kMostRecTypes = 100;

/// The body of a call on a draft: its settings, and the integration that it is to replace, if any.
struct DraftBody {
    boost::json::object settings;
    std::string id;
    std::vector<std::string> rec_types;
    std::optional<Sequence> sequence;
};

void read_rec_types(SettingsReader& reader, DraftBody& body) {
    const auto* given = reader.value("recTypes");
    if (given == nullptr) return;
    if (!given->is_array() || given->get_array().size() > kMostRecTypes)
        return reader.fail("recTypes", "must be a list of at most 100 recTypes");
    for (const auto& each : given->get_array()) {
        if (!each.is_string() || !is_valid_rec_type(view_of(each.get_string())))
            return reader.fail("recTypes", "has something that is not a recType");
        body.rec_types.emplace_back(view_of(each.get_string()));
    }
}

void read_sequence(SettingsReader& reader, DraftBody& body) {
    auto text = reader.text("sequence");
    if (!text) return;
    Sequence sequence = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), sequence);
    if (error != std::errc() || end != text->data() + text->size() || sequence == 0)
        return reader.fail("sequence", "must be an event's sequence, as text");
    body.sequence = sequence;
}

http::OrAnswer<DraftBody> draft_body(const http::Request& request) {
    auto given = object_body(request);
    if (!given) return std::move(given.error());
    SettingsReader reader(*given, "");
    DraftBody body;
    const auto* settings = reader.value("settings");
    if (settings == nullptr || !settings->is_object())
        reader.fail("settings", settings == nullptr ? "is missing" : "must be an object",
                    "the integration as it would be created");
    else
        body.settings = settings->get_object();
    body.id = reader.text("id").value_or("");
    read_rec_types(reader, body);
    read_sequence(reader, body);
    if (auto finished = reader.finish(); !finished) return problem_of(finished.error());
    return body;
}

http::Response too_busy() {
    auto response = http::plain_problem(503, "unavailable", "too many settings are being tried out at the moment");
    response.headers.set("Retry-After", "1");
    return response;
}

}  // namespace

std::vector<Route> DraftCalls::routes() {
    auto row = [this](std::string_view path, Answer (DraftCalls::*answer)(Call)) {
        Route route;
        route.method = "POST";
        route.path = path;
        route.scope = Scope::integration_write;
        route.handle = [this, answer](Call call) { return (this->*answer)(std::move(call)); };
        // Of these only a sample leaves something behind, at the destination.
        route.is_change = path.ends_with("/sample");
        return route;
    };
    return {row("/v1/drafts/recognise", &DraftCalls::recognise), row("/v1/drafts/check", &DraftCalls::check),
            row("/v1/drafts/test", &DraftCalls::test),           row("/v1/drafts/sample", &DraftCalls::sample),
            row("/v1/drafts/preview", &DraftCalls::preview),     row("/v1/drafts/recent", &DraftCalls::recent)};
}

std::shared_ptr<void> DraftCalls::turn() {
    if (reaching_out_->fetch_add(1) >= kMostReachingOut) {
        reaching_out_->fetch_sub(1);
        return nullptr;
    }
    return {reaching_out_.get(), [count = reaching_out_](void*) { count->fetch_sub(1); }};
}

DraftCalls::Answer DraftCalls::recognise(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    SettingsReader reader(*body, "");
    std::string text = reader.required_text("text");
    if (auto finished = reader.finish(); !finished) co_return problem_of(finished.error());
    auto nothing = directory_.draft(call.caller, {}, {});
    if (!nothing) co_return problem_of(nothing.error());
    const Secret pasted(std::move(text));
    co_return json_response(200, recognition_json(pasted.reveal(), registry_, nothing->origin));
}

DraftCalls::Answer DraftCalls::check(Call call) {
    auto body = draft_body(call.request);
    if (!body) co_return std::move(body.error());
    auto draft = directory_.draft(call.caller, std::move(body->settings), body->id);
    if (!draft) co_return problem_of(draft.error());
    boost::json::array targets;
    if (draft->config) {
        std::vector<std::string> rec_types = std::move(body->rec_types);
        if (rec_types.empty()) rec_types.emplace_back();
        for (const auto& rec_type : rec_types) {
            Result<EventPreview> preview = co_await engine_.preview(*draft->config, std::nullopt, rec_type);
            std::string name = preview ? std::string(preview->event->rec_type) : rec_type;
            targets.push_back(target_json(name, preview));
        }
    }
    co_return json_response(200, draft_json(*draft, registry_, std::move(targets)));
}

DraftCalls::Answer DraftCalls::test(Call call) {
    auto body = draft_body(call.request);
    if (!body) co_return std::move(body.error());
    auto draft = directory_.draft(call.caller, std::move(body->settings), body->id);
    if (!draft) co_return problem_of(draft.error());
    if (!draft->config) co_return problem_of(draft->problems.front());
    auto turn_taken = turn();
    if (!turn_taken) co_return too_busy();
    Result<ProbeReport> report = co_await engine_.probe(std::move(*draft->config), Deadline::after(kTestTimeout));
    co_return report ? json_response(200, to_json(*report)) : problem_of(report.error());
}

DraftCalls::Answer DraftCalls::sample(Call call) {
    auto body = draft_body(call.request);
    if (!body) co_return std::move(body.error());
    auto draft = directory_.draft(call.caller, std::move(body->settings), body->id);
    if (!draft) co_return problem_of(draft.error());
    if (!draft->config) co_return problem_of(draft->problems.front());
    auto turn_taken = turn();
    if (!turn_taken) co_return too_busy();
    Result<std::optional<DeliveryError>> sent =
        co_await engine_.send_sample(std::move(*draft->config), Deadline::after(kSampleTimeout));
    co_return sent ? json_response(200, sample_json(*sent)) : problem_of(sent.error());
}

boost::asio::awaitable<Result<std::optional<Event>>> DraftCalls::event_for_preview(Principal caller,
                                                                                   IntegrationConfig config,
                                                                                   std::optional<Sequence> sequence) {
    if (!sequence) co_return std::optional<Event>();
    const LogPosition position{0, *sequence};
    Result<Event> found = co_await engine_.event(position);
    EventFilter reach;
    reach.orgs = caller.is_operator ? config.filter.orgs : std::vector<std::string>{caller.org};
    // Another org's is as unknown as one that is not there.
    if (found && !reach.wants_stream((*found)->org, (*found)->rec_type))
        found = make_error(Errc::not_found, "there is no such event");
    if (!found)
        co_return make_error(Errc::invalid_argument, "sequence names no event that can be read",
                             "leave it out for a sample");
    co_return std::optional<Event>(std::move(*found));
}

DraftCalls::Answer DraftCalls::preview(Call call) {
    auto body = draft_body(call.request);
    if (!body) co_return std::move(body.error());
    if (body->sequence && !call.caller.may(Scope::share_read)) co_return http::missing_scope(Scope::share_read);
    auto draft = directory_.draft(call.caller, std::move(body->settings), body->id);
    if (!draft) co_return problem_of(draft.error());
    if (!draft->config) co_return problem_of(draft->problems.front());
    Result<std::optional<Event>> event = co_await event_for_preview(call.caller, *draft->config, body->sequence);
    if (!event) co_return problem_of(event.error());
    std::string rec_type = body->rec_types.empty() ? std::string() : body->rec_types.front();
    std::vector<std::string> redact = draft->config->redact;
    Result<EventPreview> preview =
        co_await engine_.preview(std::move(*draft->config), std::move(*event), std::move(rec_type));
    co_return preview ? json_response(200, preview_json(*preview, redact)) : problem_of(preview.error());
}

DraftCalls::Answer DraftCalls::recent(Call call) {
    if (!call.caller.may(Scope::share_read)) co_return http::missing_scope(Scope::share_read);
    auto body = draft_body(call.request);
    if (!body) co_return std::move(body.error());
    auto draft = directory_.draft(call.caller, body->settings, body->id);
    if (!draft) co_return problem_of(draft.error());
    Result<EventFilter> filter = parse_filter(body->settings, draft->origin);
    if (!filter) co_return problem_of(filter.error());
    EventFilter of_orgs;
    of_orgs.orgs = filter->orgs;
    Result<std::vector<Event>> events = co_await engine_.latest_events(std::move(of_orgs));
    co_return events ? json_response(200, recent_json(*events, *filter)) : problem_of(events.error());
}

}  // namespace sluice::api
