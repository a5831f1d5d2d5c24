#include "sources/share_api/list_parameters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "http/unknown_parameter.hpp"

namespace sluice::share_api {

namespace {

/// Far beyond any page that can be reached, and small enough that page × perPage does not overflow.
constexpr std::size_t kMaxPage = 1'000'000'000;

constexpr std::array<std::string_view, 6> kPageParameters{"details", "page", "perPage", "sort", "from", "to"};
constexpr std::array<std::string_view, 1> kSingleParameters{"details"};

Error wrong(std::string message) {
    return make_error(Errc::invalid_argument, std::move(message));
}

Result<std::size_t> parse_count(std::string_view name, std::string_view text, std::size_t max) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= max) return value;
    return wrong(std::string(name) + " must be a number from 1 to " + std::to_string(max));
}

Result<Timestamp> parse_time(std::string_view name, std::string_view text) {
    auto time = parse_rfc3339(text);
    if (time) return time;
    return wrong(std::string(name) + " must be a time like 2026-11-23T14:05:00Z (a + in an offset is written %2B)");
}

Result<void> set(ListParameters& parameters, std::string_view name, std::string_view value, std::size_t max_per_page) {
    if (name == "details") {
        if (value != "true" && value != "false") return wrong("details must be true or false");
        parameters.details = value == "true";
    } else if (name == "page" || name == "perPage") {
        const bool is_page = name == "page";
        const auto count = parse_count(name, value, is_page ? kMaxPage : max_per_page);
        if (!count) return count.error();
        (is_page ? parameters.page : parameters.per_page) = *count;
    } else if (name == "sort") {
        auto order = SortOrder::parse(value);
        if (!order) return order.error();
        parameters.sort = std::move(*order);
    } else {
        const auto time = parse_time(name, value);
        if (!time) return time.error();
        (name == "from" ? parameters.from : parameters.to) = *time;
    }
    return {};
}

}  // namespace

Result<ListParameters> parse_list_parameters(const http::Request& request, ReadForm form, std::size_t max_per_page) {
    const std::span<const std::string_view> known =
        form == ReadForm::page ? std::span<const std::string_view>(kPageParameters) : kSingleParameters;
    ListParameters parameters;
    parameters.per_page = std::min(kDefaultPerPage, max_per_page);
    for (const auto& [name, value] : request.query_parameters()) {
        if (std::find(known.begin(), known.end(), name) == known.end())
            return wrong(http::unknown_parameter(form == ReadForm::page ? "a list" : "one object", name, known));
        if (auto done = set(parameters, name, value, max_per_page); !done) return done.error();
    }
    return parameters;
}

}  // namespace sluice::share_api
