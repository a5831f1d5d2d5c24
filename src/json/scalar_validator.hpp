#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json/validate.hpp"

namespace sluice::json::internal {

/// Byte by byte: runs on any processor, and is the one that can say what is wrong and where. With `out`, the text is
/// appended to it without insignificant white space; on an error `out` is as it was.
std::optional<JsonError> check_scalar(std::string_view text, const JsonLimits& limits, std::string* out);

}  // namespace sluice::json::internal
