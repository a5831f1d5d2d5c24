#include "event/event.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace sluice {

std::string_view to_string(EventType type) noexcept {
    switch (type) {
        case EventType::create:
            return "create";
        case EventType::update:
            return "update";
        case EventType::remove:
            return "delete";
    }
    return "unknown";
}

std::string_view to_string(ObjectType type) noexcept {
    switch (type) {
        case ObjectType::objs:
            return "objs";
        case ObjectType::devices:
            return "devices";
        case ObjectType::health:
            return "health";
    }
    return "unknown";
}

std::optional<EventType> parse_event_type(std::string_view text) noexcept {
    for (EventType type : {EventType::create, EventType::update, EventType::remove}) {
        if (text == to_string(type)) return type;
    }
    return std::nullopt;
}

std::optional<ObjectType> parse_object_type(std::string_view text) noexcept {
    for (ObjectType type : {ObjectType::objs, ObjectType::devices, ObjectType::health}) {
        if (text == to_string(type)) return type;
    }
    return std::nullopt;
}

namespace {

/// Takes the next tag off `encoded`; false at the end, or where the bytes left are no tag.
bool take_tag(std::string_view& encoded, std::string_view& tag) noexcept {
    if (encoded.empty()) return false;
    std::size_t length = static_cast<unsigned char>(encoded.front());
    if (encoded.size() - 1 < length) return false;
    tag = encoded.substr(1, length);
    encoded.remove_prefix(1 + length);
    return true;
}

}  // namespace

std::vector<std::string_view> tags_of(std::string_view encoded) {
    std::vector<std::string_view> tags;
    for (std::string_view tag; take_tag(encoded, tag);) tags.push_back(tag);
    return tags;
}

bool are_tags(std::string_view encoded) noexcept {
    std::string_view tag;
    while (take_tag(encoded, tag)) {
    }
    return encoded.empty();
}

std::string encode_tags(std::span<const std::string> tags) {
    std::string encoded;
    for (const std::string& tag : tags) {
        SLUICE_ASSERT(tag.size() <= 0xFF, "a tag is longer than its length byte can say");
        encoded += static_cast<char>(tag.size());
        encoded += tag;
    }
    return encoded;
}

bool has_all_tags(std::string_view encoded, std::span<const std::string> wanted) noexcept {
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
        std::string_view rest = encoded;
        for (std::string_view tag; take_tag(rest, tag);) {
            if (tag == one) return true;
        }
        return false;
    });
}

}  // namespace sluice
