#pragma once

// Another parser to hold this module's answers against, in tests and fuzzers only. It is compiled into whatever
// includes this, so only one file of a program may.
#include <boost/json/src.hpp>
#include <optional>
#include <string_view>

namespace sluice::json {

/// Whether Boost.JSON takes the text; nullopt where it cannot say, because it also refuses what is valid: an exponent
/// that its integer cannot hold.
inline std::optional<bool> reference_accepts(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 100'000;
    boost::json::error_code error;
    boost::json::monotonic_resource memory;
    boost::json::parse({text.data(), text.size()}, error, &memory, options);
    if (error == boost::json::error::exponent_overflow) return std::nullopt;
    return !error;
}

}  // namespace sluice::json
