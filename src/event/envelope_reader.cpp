#include "event/envelope_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ids.hpp"
#include "base/nearest.hpp"
#include "json/cursor.hpp"
#include "json/find.hpp"

namespace sluice {

namespace {

constexpr std::size_t kMaxSourceBytes = 128;
/// A longer name of an unknown member is not repeated in the error.
constexpr std::size_t kMaxEchoedName = 64;

struct Member {
    std::string_view name;
    std::string_view EnvelopeParts::*raw;
};
constexpr std::array<Member, 6> kMembers = {{{"event_type", &EnvelopeParts::raw_event_type},
                                             {"id", &EnvelopeParts::raw_id},
                                             {"obj", &EnvelopeParts::raw_obj},
                                             {"obj_type", &EnvelopeParts::raw_object_type},
                                             {"recType", &EnvelopeParts::raw_rec_type},
                                             {"source", &EnvelopeParts::raw_source}}};

Error refused(std::string message, std::string hint = {}) {
    return make_error(Errc::invalid_argument, std::move(message), std::move(hint));
}

Error unknown_member(std::string_view raw_name) {
    constexpr std::string_view kHint = "an envelope has event_type, id, obj, obj_type, recType and source, and no more";
    if (raw_name.size() > kMaxEchoedName)
        return refused("the envelope has a member that is none of its six", std::string(kHint));
    std::array<std::string_view, kMembers.size()> names;
    std::transform(kMembers.begin(), kMembers.end(), names.begin(), [](const Member& member) { return member.name; });
    std::string_view near = nearest_word(json::unescape(raw_name), names);
    std::string message = fmt::format("{} is not a member of an envelope", raw_name);
    return refused(std::move(message), near.empty() ? std::string(kHint) : fmt::format("did you mean \"{}\"?", near));
}

Result<void> collect_members(std::string_view text, EnvelopeParts& parts) {
    for (json::MemberCursor member(text); member.next();) {
        auto known = std::find_if(kMembers.begin(), kMembers.end(),
                                  [&](const Member& candidate) { return member.name_is(candidate.name); });
        if (known == kMembers.end()) return unknown_member(member.name());
        std::string_view& raw = parts.*known->raw;
        if (!raw.empty()) return refused(fmt::format("\"{}\" is there twice", known->name));
        raw = member.value();
    }
    std::string missing;
    for (const Member& member : kMembers) {
        if ((parts.*member.raw).empty()) missing += fmt::format("{}\"{}\"", missing.empty() ? "" : ", ", member.name);
    }
    if (!missing.empty()) return refused("the envelope lacks " + missing);
    return {};
}

/// What a raw string stands for: a part of the text, or, where it has escapes, `storage`.
Result<std::string_view> string_value(std::string_view name, std::string_view raw, std::string& storage) {
    if (raw.front() != '"') return refused(fmt::format("\"{}\" is not a string", name));
    if (raw.find('\\') == std::string_view::npos) return raw.substr(1, raw.size() - 2);
    storage.clear();
    json::append_unescaped(storage, raw);
    return std::string_view(storage);
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Result<EnvelopeParts> EnvelopeReader::read(std::string_view text) {
    if (!text.starts_with('{')) return refused("an envelope is a JSON object");
    EnvelopeParts parts;
    if (auto collected = collect_members(text, parts); !collected) return collected.error();

    auto event_type = string_value("event_type", parts.raw_event_type, id_);
    if (!event_type) return event_type.error();
    auto known_event_type = parse_event_type(*event_type);
    if (!known_event_type) return refused("\"event_type\" is not one of create, update, delete");
    parts.event_type = *known_event_type;

    auto object_type = string_value("obj_type", parts.raw_object_type, id_);
    if (!object_type) return object_type.error();
    auto known_object_type = parse_object_type(*object_type);
    if (!known_object_type) return refused("\"obj_type\" is not one of objs, devices, health");
    parts.object_type = *known_object_type;

    auto id = string_value("id", parts.raw_id, id_);
    if (!id) return id.error();
    if (!is_valid_object_id(*id)) {
        return refused("\"id\" is not an id", "1 to 128 of A-Z a-z 0-9 . _ : -, the first a letter or digit");
    }
    parts.id = *id;

    auto rec_type = string_value("recType", parts.raw_rec_type, rec_type_);
    if (!rec_type) return rec_type.error();
    if (!is_valid_rec_type(*rec_type)) {
        return refused("\"recType\" is not a recType",
                       "parts of A-Z a-z 0-9 _ -, each starting and ending in a letter or digit, joined by '.'; at "
                       "most 128 bytes");
    }
    parts.rec_type = *rec_type;

    auto source = string_value("source", parts.raw_source, source_);
    if (!source) return source.error();
    if (source->empty() || source->size() > kMaxSourceBytes) {
        return refused(fmt::format("\"source\" is not 1 to {} bytes long", kMaxSourceBytes));
    }
    // It travels in headers, attributes and properties, which cannot carry them.
    if (has_control_character(*source)) return refused("\"source\" has a control character in it");
    parts.source = *source;

    if (!parts.raw_obj.starts_with('{')) return refused("\"obj\" is not an object");
    parts.data = json::find_member(parts.raw_obj, "data").value_or(std::string_view());
    return parts;
}

}  // namespace sluice
