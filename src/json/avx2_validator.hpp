#pragma once

#include <string>
#include <string_view>

#include "json/validate.hpp"

namespace sluice::json::internal {

/// 64 bytes at a time. Says only whether the text is acceptable; check_scalar says why it is not. With `out`, the text
/// is appended to it without insignificant white space; when the answer is false `out` is as it was. Call only if
/// has_avx2().
bool accept_avx2(std::string_view text, const JsonLimits& limits, std::string* out);

}  // namespace sluice::json::internal
