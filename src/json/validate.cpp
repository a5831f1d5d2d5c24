#include "json/validate.hpp"

#include "json/avx2_validator.hpp"
#include "json/cpu.hpp"
#include "json/scalar_validator.hpp"

namespace sluice::json {

namespace {

std::optional<JsonError> check(std::string_view text, const JsonLimits& limits, std::string* out) {
    // What the fast way refuses is walked again by the one that can explain it. Refused text is rare, and its cost is
    // the caller's own.
    if (internal::has_avx2() && internal::accept_avx2(text, limits, out)) return std::nullopt;
    return internal::check_scalar(text, limits, out);
}

}  // namespace

std::optional<JsonError> minify_to(std::string& out, std::string_view text, const JsonLimits& limits) {
    return check(text, limits, &out);
}

std::optional<JsonError> validate(std::string_view text, const JsonLimits& limits) {
    return check(text, limits, nullptr);
}

bool is_object(std::string_view valid_json) noexcept {
    std::size_t first = valid_json.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && valid_json[first] == '{';
}

}  // namespace sluice::json
