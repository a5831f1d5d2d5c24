#include "event/payload.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "json/find.hpp"

namespace sluice {

namespace {

using Path = std::vector<std::string>;

Error bad_path(std::string_view path, std::string_view why) {
    return make_error(Errc::invalid_argument, fmt::format("redact path \"{}\" {}", path, why),
                      "a path is names within obj joined by '.', such as origin.tokendata");
}

Result<Path> parse_path(std::string_view text) {
    Path names;
    std::string_view rest = text;
    for (;;) {
        std::size_t dot = rest.find('.');
        if (rest.empty() || dot == 0) return bad_path(text, "has an empty name");
        names.emplace_back(rest.substr(0, dot));
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    // Taken as it stands it would remove nothing and leave exposed what was meant.
    if (names.front() == "obj") return bad_path(text, "starts with obj; paths are already within it");
    return names;
}

/// The envelope with its obj redacted.
void append_envelope(std::string& out, const EventView& event, const std::vector<Path>& redact) {
    if (redact.empty()) {
        out += event.envelope;
        return;
    }
    auto obj_offset = static_cast<std::size_t>(event.obj.data() - event.envelope.data());
    out += event.envelope.substr(0, obj_offset);
    json::remove_paths_to(out, event.obj, redact);
    out += event.envelope.substr(obj_offset + event.obj.size());
}

void append_cloud_event(std::string& out, const Event& event, const std::vector<Path>& redact) {
    std::array<char, 24> time;
    format_rfc3339_to(event.time(), time.data());
    out.reserve(out.size() + event->envelope.size() + 512);
    // All of these are plain text that needs no escapes in JSON; `source` comes from outside and is percent-encoded, as
    // a segment of a URI has to be.
    out += R"({"specversion":"1.0","id":")";
    out += to_string(event.position());
    out.append(R"(","source":"/sluice/)").append(event->org).append("/").append(percent_encode(event->source));
    out.append(R"(","type":")").append(event->rec_type).append(".").append(to_string(event->event_type));
    out.append(R"(","subject":")").append(event->id);
    out.append(R"(","time":")").append(time.data(), time.size());
    out += R"(","datacontenttype":"application/json","data":)";
    append_envelope(out, event.view(), redact);
    out += '}';
}

constexpr std::array<std::pair<PayloadForm, std::string_view>, 4> kForms = {
    {{PayloadForm::envelope, "envelope"},
     {PayloadForm::object, "object"},
     {PayloadForm::data, "data"},
     {PayloadForm::cloudevents, "cloudevents"}}};

constexpr std::array<RedactSuggestion, 4> kSuggestions = {
    {{"origin.tokendata", "the token that wrote the object, and the address it came from"},
     {"origin.remoteAddress", "the address it came from"},
     {"creatorId", "the token that created the object"},
     {"updaterId", "the token that changed it last"}}};

}  // namespace

std::span<const RedactSuggestion> redact_suggestions() noexcept {
    return kSuggestions;
}

std::string_view to_string(PayloadForm form) noexcept {
    for (const auto& [known, name] : kForms) {
        if (known == form) return name;
    }
    return "unknown";
}

std::string_view content_type_of(PayloadForm form) noexcept {
    return form == PayloadForm::cloudevents ? "application/cloudevents+json" : "application/json";
}

std::optional<PayloadForm> parse_payload_form(std::string_view text) noexcept {
    for (const auto& [form, name] : kForms) {
        if (name == text) return form;
    }
    return std::nullopt;
}

Result<PayloadRenderer> PayloadRenderer::make(PayloadForm form, const std::vector<std::string>& redact) {
    PayloadRenderer made;
    made.form_ = form;
    for (const std::string& text : redact) {
        auto path = parse_path(text);
        if (!path) return path.error();
        if (form == PayloadForm::data) {
            // What is delivered is obj.data: paths elsewhere concern nothing in it.
            if (path->front() != "data") continue;
            path->erase(path->begin());
            if (path->empty()) return bad_path(text, "removes all that the payload form \"data\" delivers");
        }
        made.redact_.push_back(std::move(*path));
    }
    return made;
}

bool PayloadRenderer::has_path(const Event& event, std::string_view path) {
    Result<Path> names = parse_path(path);
    // By what it does, so that the two cannot differ.
    return names && json::remove_paths(event->obj, std::span(&*names, 1)).size() < event->obj.size();
}

Result<std::string_view> PayloadRenderer::render(const Event& event, std::string& scratch) const {
    bool has_data = !event->data.empty();
    if (form_ == PayloadForm::data && !has_data) {
        return make_error(Errc::not_found, "the object has no data member, and the payload form is \"data\"");
    }
    if (is_stored_bytes()) {
        if (form_ == PayloadForm::object) return event->obj;
        return form_ == PayloadForm::data ? event->data : event->envelope;
    }
    scratch.clear();
    switch (form_) {
        case PayloadForm::envelope:
            append_envelope(scratch, event.view(), redact_);
            break;
        case PayloadForm::object:
            json::remove_paths_to(scratch, event->obj, redact_);
            break;
        case PayloadForm::data:
            json::remove_paths_to(scratch, event->data, redact_);
            break;
        case PayloadForm::cloudevents:
            append_cloud_event(scratch, event, redact_);
            break;
    }
    return std::string_view(scratch);
}

}  // namespace sluice
