#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::mqtt {

/// A UTF-8 string of MQTT (3.1.1, §1.5.3): at most 65,535 bytes.
constexpr std::size_t kMaxTextBytes = 65'535;

/// Well-formed UTF-8 without surrogates and U+0000 (MQTT-1.5.3-1, -2), at most kMaxTextBytes.
bool is_valid_text(std::string_view text) noexcept;
/// What a message may be published to (§4.7.3): text, not empty, without wildcards.
bool is_valid_topic_name(std::string_view topic) noexcept;
/// What may be subscribed to: `#` only as the whole last level, `+` only as a whole level (§4.7.1).
bool is_valid_topic_filter(std::string_view filter) noexcept;
/// Does a message of this topic belong to this filter (§4.7)? Both must be valid. A wildcard at the start does not
/// match a topic that begins with `$` (MQTT-4.7.2-1).
bool filter_matches(std::string_view filter, std::string_view topic) noexcept;

}  // namespace sluice::mqtt
