#include "mqtt/text.hpp"

#include <cstdint>

namespace sluice::mqtt {
namespace {

/// The length of the well-formed sequence at the start of `text` (Unicode 15, table 3-7), 0 when there is none.
std::size_t sequence_length(std::string_view text) noexcept {
    auto byte = [&](std::size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
    auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        bool overlong = first == 0xE0 && byte(1) < 0xA0;
        bool surrogate = first == 0xED && byte(1) > 0x9F;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        bool overlong = first == 0xF0 && byte(1) < 0x90;
        bool too_high = first == 0xF4 && byte(1) > 0x8F;
        return continues(1) && continues(2) && continues(3) && !overlong && !too_high ? 4 : 0;
    }
    return 0;
}

/// Takes one level and its separator off the front. `more` says whether a level follows.
std::string_view next_level(std::string_view& rest, bool& more) noexcept {
    auto slash = rest.find('/');
    more = slash != std::string_view::npos;
    auto level = rest.substr(0, slash);
    rest = more ? rest.substr(slash + 1) : std::string_view();
    return level;
}

}  // namespace

bool is_valid_text(std::string_view text) noexcept {
    if (text.size() > kMaxTextBytes) return false;
    while (!text.empty()) {
        auto length = sequence_length(text);
        if (length == 0 || text.front() == '\0') return false;
        text.remove_prefix(length);
    }
    return true;
}

bool is_valid_topic_name(std::string_view topic) noexcept {
    return !topic.empty() && topic.find_first_of("+#") == std::string_view::npos && is_valid_text(topic);
}

bool is_valid_topic_filter(std::string_view filter) noexcept {
    if (filter.empty() || !is_valid_text(filter)) return false;
    for (bool more = true; more;) {
        auto level = next_level(filter, more);
        if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos) return false;
        if (level == "#" && more) return false;
    }
    return true;
}

bool filter_matches(std::string_view filter, std::string_view topic) noexcept {
    if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
    bool more_filter = true;
    bool more_topic = true;
    while (more_filter && more_topic) {
        auto wanted = next_level(filter, more_filter);
        if (wanted == "#") return true;
        auto level = next_level(topic, more_topic);
        if (wanted != "+" && wanted != level) return false;
    }
    // `a/#` also stands for `a` itself (§4.7.1.2).
    return !more_topic && (!more_filter || filter == "#");
}

}  // namespace sluice::mqtt
