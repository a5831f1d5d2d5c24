#include "base/pasted_text.hpp"

namespace sluice {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view clean_pasted(std::string_view text) noexcept {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    text = trimmed(text);
    for (char quote : {'"', '\'', '`'}) {
        if (text.size() < 2 || text.front() != quote || text.back() != quote) continue;
        auto inner = text.substr(1, text.size() - 2);
        // A quoted CSV begins and ends with quotes too, but these are its fields'.
        if (inner.find(quote) == std::string_view::npos) return trimmed(inner);
    }
    return text;
}

}  // namespace sluice
