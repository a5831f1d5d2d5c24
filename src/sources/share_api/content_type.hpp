#pragma once

#include <optional>
#include <string_view>

namespace sluice::share_api {

enum class BodyForm { json, ndjson };

/// What a Content-Type announces; nullopt when it is none of ours, or not in UTF-8. An absent one (devices often send
/// none) is taken as JSON.
std::optional<BodyForm> parse_content_type(std::string_view value);

}  // namespace sluice::share_api
