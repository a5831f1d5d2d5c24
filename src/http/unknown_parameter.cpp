#include "http/unknown_parameter.hpp"

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "base/utf8.hpp"

namespace sluice::http {
namespace {

/// Bytes of a parameter's name in an answer.
constexpr std::size_t kShownName = 64;

}  // namespace

std::string unknown_parameter(std::string_view taker, std::string_view name, std::span<const std::string_view> known) {
    if (known.empty()) return fmt::format("{} takes no parameters", taker);
    const std::string shown = shown_text(name, kShownName);
    std::string text = fmt::format("{} takes {}, and not {}", taker, fmt::join(known, ", "), shown);
    if (const std::string_view near = nearest_word(shown, known); !near.empty())
        text += fmt::format("; did you mean {}?", near);
    return text;
}

}  // namespace sluice::http
