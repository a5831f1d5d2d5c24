#include "api/draft_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <map>

#include "api/status_json.hpp"
#include "control/settings_change.hpp"
#include "event/payload.hpp"

namespace sluice::api {
namespace {

using boost::json::array;
using boost::json::object;

constexpr std::array<std::string_view, 13> kMembers = {"id",    "org",      "orgs",  "filter", "destination",
                                                       "start", "ordering", "key",   "batch",  "rate",
                                                       "retry", "payload",  "redact"};

/// The path that an error's message begins with; the whole destination where it names none.
std::string field_of(std::string_view message) {
    auto path = message.substr(0, message.find_first_of(" ,"));
    auto first = path.substr(0, path.find_first_of(".["));
    bool is_member = first == "on_dead_letter" || std::find(kMembers.begin(), kMembers.end(), first) != kMembers.end();
    return std::string(is_member ? path : std::string_view("destination"));
}

array facts_json(const DestinationKind& kind, const object& destination) {
    array facts;
    if (!kind.describe) return facts;
    for (const auto& [name, value] : kind.describe(destination)) facts.push_back({{"name", name}, {"value", value}});
    return facts;
}

const DestinationKind* kind_of(const object* destination, const DestinationRegistry& registry) {
    const auto* type = destination ? destination->if_contains("type") : nullptr;
    if (type == nullptr || !type->is_string()) return nullptr;
    return registry.find({type->get_string().data(), type->get_string().size()});
}

/// `{type, credentials: {csv: text}}` for the member `credentials.csv`.
object settings_with(std::string_view type, std::string_view member, std::string_view text) {
    object destination{{"type", type}};
    auto dot = member.find('.');
    if (dot == std::string_view::npos)
        destination[member] = text;
    else
        destination[member.substr(0, dot)] = object{{member.substr(dot + 1), text}};
    return destination;
}

object recognised_json(const DestinationKind& kind, const Recognised& found, std::string_view text,
                       const DestinationRegistry& registry, const IntegrationOrigin& origin) {
    object settings{{"id", "draft"}, {"destination", settings_with(kind.type, found.member, text)}};
    array needs;
    for (const auto& problem : integration_problems(settings, registry, origin))
        if (problem.message.starts_with("destination")) needs.push_back(problem_json(problem));
    object out{{"type", kind.type}, {"artefact", found.artefact}, {"member", "destination." + found.member}};
    out["facts"] = facts_json(kind, settings["destination"].get_object());
    out["settings"] = redact_settings(settings, registry)["destination"];
    out["needs"] = std::move(needs);
    return out;
}

array fields_json(const std::vector<SentBeside::Field>& fields) {
    array out;
    for (const auto& [name, value] : fields) out.push_back({{"name", name}, {"value", value}});
    return out;
}

boost::json::value failure_json(const Failure* failure) {
    if (failure == nullptr) return nullptr;
    return {{"class", to_string(failure->error_class)},
            {"code", failure->code},
            {"message", failure->message},
            {"hint", failure->hint}};
}

object event_json(const Event& event) {
    return {{"sequence", sluice::to_string(event.position())},
            {"time", format_rfc3339(event.time())},
            {"id", event->id},
            {"recType", event->rec_type},
            {"event_type", to_string(event->event_type)},
            {"obj_type", to_string(event->object_type)},
            {"source", event->source}};
}

}  // namespace

object problem_json(const Error& error) {
    return {{"field", field_of(error.message)}, {"message", error.message}, {"hint", error.hint}};
}

array problems_json(const std::vector<Error>& errors) {
    array out;
    for (const auto& error : errors) out.push_back(problem_json(error));
    return out;
}

object recognition_json(std::string_view text, const DestinationRegistry& registry, const IntegrationOrigin& origin) {
    array sure, possible, refused;
    for (const DestinationKind* kind : registry.all()) {
        if (!kind->recognise) continue;
        auto found = kind->recognise(text);
        if (!found) continue;
        if (found->refused) {
            object told{
                {"artefact", found->artefact}, {"message", found->refused->message}, {"hint", found->refused->hint}};
            // Two kinds that take the same thing say the same of it.
            if (std::find(refused.begin(), refused.end(), told) == refused.end()) refused.push_back(std::move(told));
            continue;
        }
        (found->by_shape_only ? possible : sure).push_back(recognised_json(*kind, *found, text, registry, origin));
    }
    // What only its shape speaks for counts where nobody knows better.
    bool is_known = !sure.empty() || !refused.empty();
    return {{"recognised", is_known ? std::move(sure) : std::move(possible)}, {"refused", std::move(refused)}};
}

object draft_json(const IntegrationDirectory::Draft& draft, const DestinationRegistry& registry, array targets) {
    object settings = redact_settings(draft.settings, registry);
    auto fill = [&settings](std::string_view name, std::string_view otherwise) {
        if (!settings.contains(name)) settings[name] = otherwise;
    };
    fill("payload", "envelope");
    fill("start", "now");
    fill("ordering", "key");
    if (settings["ordering"] == "key") fill("key", "{id}");
    fill("on_dead_letter", "continue");
    const object* destination = destination_of(draft.settings);
    const DestinationKind* kind = kind_of(destination, registry);
    object out{{"ok", draft.problems.empty()}, {"type", nullptr}};
    if (kind != nullptr) out["type"] = kind->type;
    out["facts"] = kind ? facts_json(*kind, *destination) : array();
    out["problems"] = problems_json(draft.problems);
    out["settings"] = std::move(settings);
    out["targets"] = std::move(targets);
    array suggested;
    for (const auto& [path, why] : redact_suggestions()) suggested.push_back({{"path", path}, {"why", why}});
    out["suggested_redact"] = std::move(suggested);
    return out;
}

object target_json(std::string_view rec_type, const Result<EventPreview>& preview) {
    object out{{"recType", rec_type}, {"target", nullptr}, {"error", nullptr}};
    if (!preview) {
        out["error"] = object{{"class", to_string(ErrorClass::rejected)},
                              {"code", "unsendable"},
                              {"message", preview.error().message},
                              {"hint", preview.error().hint}};
        return out;
    }
    if (!preview->target.empty()) out["target"] = preview->target;
    out["error"] = failure_json(preview->undeliverable.get());
    return out;
}

object to_json(const EventPreview& preview) {
    return {{"body", preview.body},
            {"body_bytes", preview.body.size()},
            {"content_type", preview.content_type},
            {"target", preview.target},
            {"key", preview.key},
            {"metadata", fields_json(preview.beside.metadata)},
            {"addressing", fields_json(preview.beside.addressing)},
            {"size", preview.size},
            {"error", failure_json(preview.undeliverable.get())},
            {"event", event_json(preview.event)}};
}

object preview_json(const EventPreview& preview, const std::vector<std::string>& redact) {
    object out = to_json(preview);
    array redacted;
    for (const auto& path : redact)
        redacted.push_back({{"path", path}, {"present", PayloadRenderer::has_path(preview.event, path)}});
    out["redacted"] = std::move(redacted);
    return out;
}

object to_json(const DeadLetterPreview& letter) {
    object out = dead_letter_json(letter.letter);
    out["envelope"] = letter.preview.event->envelope;
    out["payload"] = to_json(letter.preview);
    return out;
}

object recent_json(const std::vector<Event>& events, const EventFilter& filter) {
    struct Seen {
        std::uint64_t events = 0;
        std::uint64_t matching = 0;
        Event last;
    };
    std::map<std::string_view, Seen> by_type;
    std::uint64_t matching = 0;
    for (const Event& event : events) {
        Seen& seen = by_type[event->rec_type];
        ++seen.events;
        seen.last = event;
        if (!filter.matches(event.view())) continue;
        ++seen.matching;
        ++matching;
    }
    std::vector<std::pair<std::string_view, const Seen*>> latest_first;
    for (const auto& [rec_type, seen] : by_type) latest_first.emplace_back(rec_type, &seen);
    std::sort(latest_first.begin(), latest_first.end(),
              [](const auto& a, const auto& b) { return a.second->last.sequence() > b.second->last.sequence(); });
    constexpr std::size_t kMost = 200;
    if (latest_first.size() > kMost) latest_first.resize(kMost);
    array types;
    for (const auto& [rec_type, seen] : latest_first)
        types.push_back({{"recType", rec_type},
                         {"events", seen->events},
                         {"matching", seen->matching},
                         {"last_sequence", sluice::to_string(seen->last.position())},
                         {"last_time", format_rfc3339(seen->last.time())}});
    return {{"events", events.size()}, {"matching", matching}, {"recTypes", std::move(types)}};
}

}  // namespace sluice::api
