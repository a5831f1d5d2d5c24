#include "sources/share_api/content_type.hpp"

#include <algorithm>
#include <string>

namespace sluice::share_api {

namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
    std::string copy(text);
    std::transform(copy.begin(), copy.end(), copy.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return copy;
}

/// Parameters other than charset are let pass.
bool is_acceptable_parameter(std::string_view parameter) {
    const std::size_t equals = parameter.find('=');
    if (lower(trimmed(parameter.substr(0, equals))) != "charset") return true;
    if (equals == std::string_view::npos) return false;
    std::string charset = lower(trimmed(parameter.substr(equals + 1)));
    if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"')
        charset = charset.substr(1, charset.size() - 2);
    return charset == "utf-8";
}

}  // namespace

std::optional<BodyForm> parse_content_type(std::string_view value) {
    if (trimmed(value).empty()) return BodyForm::json;
    const std::size_t end = value.find(';');
    const std::string media_type = lower(trimmed(value.substr(0, end)));
    std::string_view parameters = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
    while (!parameters.empty()) {
        const std::size_t next = parameters.find(';');
        if (!is_acceptable_parameter(parameters.substr(0, next))) return std::nullopt;
        parameters = next == std::string_view::npos ? std::string_view() : parameters.substr(next + 1);
    }
    if (media_type == "application/json") return BodyForm::json;
    if (media_type == "application/x-ndjson") return BodyForm::ndjson;
    return std::nullopt;
}

}  // namespace sluice::share_api
