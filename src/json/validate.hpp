#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::json {

struct JsonLimits {
    std::size_t max_depth = 64;
};

/// Where and why a text is not acceptable JSON.
struct JsonError {
    std::string message;     ///< `expected ',' or '}' after a member`
    std::size_t offset = 0;  ///< bytes from the start of the text
    std::size_t line = 1;    ///< from 1, counted in the text
    bool too_deep = false;   ///< what was read up to there is JSON, nested beyond the limit
};

/// Appends `text` to `out` with insignificant white space removed and nothing else changed, if it is one valid JSON
/// value: RFC 8259 grammar in full, UTF-8, no lone surrogate escapes, nesting within limits. On an error `out` is as it
/// was. Numbers, escapes, member order and duplicate names are kept as they stand. `1E400` and 30-digit integers are
/// valid. `text` must not lie in `out`. The fast path of ingest: one pass over a structural bitmap, AVX2 where present
/// (found at run time), scalar elsewhere.
std::optional<JsonError> minify_to(std::string& out, std::string_view text, const JsonLimits& limits);
/// The same check without output.
std::optional<JsonError> validate(std::string_view text, const JsonLimits& limits);

/// True when the (valid) text's first character opens an object.
bool is_object(std::string_view valid_json) noexcept;

}  // namespace sluice::json
