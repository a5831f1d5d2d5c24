#include "sandbox/iot_hub/event_topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/encoding.hpp"
#include "json/find.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::string_view kDevices = "devices/";
constexpr std::string_view kModules = "modules/";
constexpr std::string_view kEvents = "messages/events";

/// What a client may leave as it is: RFC 3986's unreserved characters, `%` of an escape, and those that JavaScript's
/// encodeURIComponent leaves; `$`, since the names of system properties begin with it.
bool may_stand_in_bag(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.~%!'()*$").find(c) != std::string_view::npos;
}

Result<std::string> decode(std::string_view text, std::size_t place) {
    if (!std::all_of(text.begin(), text.end(), may_stand_in_bag))
        return make_error(Errc::invalid_argument,
                          fmt::format("property {} has a character that must be percent-encoded", place));
    auto decoded = percent_decode(text);
    if (!decoded) return make_error(Errc::invalid_argument, fmt::format("property {} has a broken escape", place));
    if (!json::is_valid_utf8(*decoded))
        return make_error(Errc::invalid_argument, fmt::format("property {} is not UTF-8", place));
    return std::move(*decoded);
}

/// Takes `prefix` from the front of `text`.
bool skip(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Takes everything up to the next slash, and that.
std::string take_segment(std::string_view& text) {
    auto segment = text.substr(0, text.find('/'));
    text.remove_prefix(std::min(text.size(), segment.size() + 1));
    return std::string(segment);
}

}  // namespace

Result<HubProperties> parse_property_bag(std::string_view bag) {
    HubProperties properties;
    if (bag.empty()) return properties;
    std::set<std::string, std::less<>> names;
    for (std::size_t place = 1;; place++) {
        auto end = bag.find('&');
        auto property = bag.substr(0, end);
        auto equals = property.find('=');
        auto name = decode(property.substr(0, equals), place);
        if (!name) return name.error();
        auto value = decode(equals == std::string_view::npos ? "" : property.substr(equals + 1), place);
        if (!value) return value.error();
        if (name->empty()) return make_error(Errc::invalid_argument, fmt::format("property {} has no name", place));
        if (!names.insert(*name).second)
            return make_error(Errc::invalid_argument, fmt::format("property {} is given twice", place));
        properties.emplace_back(std::move(*name), std::move(*value));
        if (end == std::string_view::npos) return properties;
        bag.remove_prefix(end + 1);
    }
}

Result<EventTopic> parse_event_topic(std::string_view topic) {
    EventTopic parsed;
    auto rest = topic;
    auto foreign = [] { return make_error(Errc::not_found, "the topic is none that a device may publish to"); };
    if (!skip(rest, kDevices)) return foreign();
    parsed.identity.device = take_segment(rest);
    if (!is_valid_hub_id(parsed.identity.device)) return foreign();
    if (skip(rest, kModules)) {
        parsed.identity.module = take_segment(rest);
        if (!is_valid_hub_id(parsed.identity.module)) return foreign();
    }
    if (!skip(rest, kEvents)) return foreign();
    if (!rest.empty() && !skip(rest, "/")) return foreign();
    auto properties = parse_property_bag(rest);
    if (!properties) return properties.error();
    parsed.properties = std::move(*properties);
    return parsed;
}

}  // namespace sluice::sandbox
