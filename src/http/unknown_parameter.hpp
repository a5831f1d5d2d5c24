#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::http {

/// What to tell of a query parameter that nobody knows: `/v1/alerts takes limit, after, and not limt; did you mean
/// limit?`. `taker`: the call, or what it gives. `name` is a caller's own words: shown shortened, on one line.
std::string unknown_parameter(std::string_view taker, std::string_view name, std::span<const std::string_view> known);

}  // namespace sluice::http
