#pragma once

#include <span>
#include <string_view>

namespace sluice {

/// The candidate with the smallest edit distance to `word`, or empty when none is near enough to suggest.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sluice
