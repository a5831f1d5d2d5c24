#include "event/text_template.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/nearest.hpp"
#include "json/find.hpp"

namespace sluice {

namespace {

constexpr std::string_view kObjPrefix = "obj.";
/// In the order of Alternative::Kind.
constexpr std::array<std::string_view, 7> kNames = {"id",  "recType",  "event_type", "obj_type",
                                                    "org", "sequence", "source"};

Error error_at(std::size_t offset, std::string_view what, std::string hint = {}) {
    return make_error(Errc::invalid_argument, fmt::format("template, at offset {}: {}", offset, what), std::move(hint));
}

/// The names of a path; nullopt when one is empty.
std::optional<std::vector<std::string>> split_path(std::string_view text) {
    std::vector<std::string> names;
    for (;;) {
        std::size_t dot = text.find('.');
        if (dot == 0 || text.empty()) return std::nullopt;
        names.emplace_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return names;
        text.remove_prefix(dot + 1);
    }
}

Error unknown_name(std::size_t offset, std::string_view name) {
    if (name.empty()) return error_at(offset, "a placeholder needs a name");
    std::string what = fmt::format("\"{}\" is not a placeholder", name);
    if (std::string_view near = nearest_word(name, kNames); !near.empty()) {
        return error_at(offset, what, fmt::format("did you mean {{{}}}?", near));
    }
    return error_at(offset, what, fmt::format("there are {{{}}} and {{obj.any.path}}", fmt::join(kNames, "}, {")));
}

}  // namespace

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
    TextTemplate parsed;
    parsed.source_ = text;
    std::string literal;
    auto flush_literal = [&] {
        if (!literal.empty()) parsed.parts_.push_back({std::exchange(literal, {}), {}});
    };
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '}') return error_at(at, "'}' without a '{' before it");
        if (text[at] != '{') {
            literal += text[at++];
            continue;
        }
        std::size_t close = text.find_first_of("{}", at + 1);
        if (close == std::string_view::npos || text[close] == '{') return error_at(at, "'{' is not closed by a '}'");
        flush_literal();
        auto alternatives = parse_placeholder(text.substr(at + 1, close - at - 1), at + 1);
        if (!alternatives) return alternatives.error();
        parsed.parts_.push_back({{}, std::move(*alternatives)});
        at = close + 1;
    }
    flush_literal();
    return parsed;
}

Result<std::vector<TextTemplate::Alternative>> TextTemplate::parse_placeholder(std::string_view inside,
                                                                               std::size_t offset) {
    std::vector<Alternative> alternatives;
    for (;;) {
        std::size_t bar = inside.find('|');
        auto alternative = parse_alternative(inside.substr(0, bar), offset);
        if (!alternative) return alternative.error();
        alternatives.push_back(std::move(*alternative));
        if (bar == std::string_view::npos) return alternatives;
        inside.remove_prefix(bar + 1);
        offset += bar + 1;
    }
}

Result<TextTemplate::Alternative> TextTemplate::parse_alternative(std::string_view name, std::size_t offset) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (name == kNames[i]) return Alternative{static_cast<Alternative::Kind>(i), {}};
    }
    if (name == "obj" || name.starts_with(kObjPrefix)) {
        auto path = split_path(name == "obj" ? std::string_view() : name.substr(kObjPrefix.size()));
        if (!path)
            return error_at(offset, "a path in obj is names joined by '.', none of them empty: {obj.data.device.id}");
        return Alternative{Alternative::Kind::obj_path, std::move(*path)};
    }
    return unknown_name(offset, name);
}

TextTemplate TextTemplate::literal(std::string text) {
    TextTemplate made;
    made.source_ = text;
    if (!text.empty()) made.parts_.push_back({std::move(text), {}});
    return made;
}

Result<std::string> TextTemplate::evaluate(const Event& event) const {
    std::string text;
    if (auto done = evaluate_to(event, text); !done) return done.error();
    return text;
}

Result<void> TextTemplate::evaluate_to(const Event& event, std::string& out) const {
    std::size_t before = out.size();
    for (const Part& part : parts_) {
        if (part.alternatives.empty()) {
            out += part.literal;
            continue;
        }
        bool has_value = false;
        for (const Alternative& alternative : part.alternatives) {
            has_value = append_value(alternative, event, out);
            if (has_value) break;
        }
        if (has_value) continue;
        out.resize(before);
        return make_error(Errc::not_found, fmt::format("{} has no value in this event", placeholder_text(part)),
                          "give a fallback, such as {obj.data.device.id|id}");
    }
    return {};
}

bool TextTemplate::append_value(const Alternative& alternative, const Event& event, std::string& out) {
    switch (alternative.kind) {
        case Alternative::Kind::id:
            out += event->id;
            return true;
        case Alternative::Kind::rec_type:
            out += event->rec_type;
            return true;
        case Alternative::Kind::event_type:
            out += to_string(event->event_type);
            return true;
        case Alternative::Kind::obj_type:
            out += to_string(event->object_type);
            return true;
        case Alternative::Kind::org:
            out += event->org;
            return true;
        case Alternative::Kind::sequence:
            out += to_string(event.position());
            return true;
        case Alternative::Kind::source:
            out += event->source;
            return true;
        case Alternative::Kind::obj_path: {
            auto value = json::find_path(event->obj, alternative.path);
            return value && json::append_scalar_text(out, *value);
        }
    }
    return false;
}

/// The placeholder as it was written.
std::string TextTemplate::placeholder_text(const Part& part) {
    std::string text = "{";
    for (const Alternative& alternative : part.alternatives) {
        if (text.size() > 1) text += '|';
        if (alternative.kind == Alternative::Kind::obj_path) {
            text += fmt::format("obj.{}", fmt::join(alternative.path, "."));
        } else {
            text += kNames[static_cast<std::size_t>(alternative.kind)];
        }
    }
    return text + '}';
}

bool TextTemplate::is_literal() const noexcept {
    return parts_.empty() || (parts_.size() == 1 && parts_.front().alternatives.empty());
}

bool TextTemplate::is_id() const noexcept {
    return parts_.size() == 1 && parts_.front().alternatives.size() == 1 &&
           parts_.front().alternatives.front().kind == Alternative::Kind::id;
}

}  // namespace sluice
