#include "ingest/refusal.hpp"

namespace sluice {

namespace {

/// Long enough for a burst to drain, short enough that a device does not buffer much.
constexpr std::chrono::seconds kRetryAfterUnavailable{2};
/// About what a restart takes.
constexpr std::chrono::seconds kRetryAfterStopping{5};

std::string with_hint(const Error& error) {
    return error.hint.empty() ? error.message : error.message + ": " + error.hint;
}

}  // namespace

Refusal refusal_of(const Error& error) {
    using Kind = Refusal::Kind;
    switch (error.code) {
        case Errc::not_found:
            return Refusal::of(Kind::not_found, "not_found", with_hint(error));
        case Errc::too_large:
            return Refusal::of(Kind::too_large, "batch_too_large", with_hint(error));
        case Errc::exhausted:
            return Refusal::of(Kind::busy, "overloaded", with_hint(error), kRetryAfterUnavailable);
        case Errc::unavailable:
        case Errc::timeout:
            return Refusal::of(Kind::busy, "unavailable", with_hint(error), kRetryAfterUnavailable);
        case Errc::cancelled:
            return Refusal::of(Kind::busy, "stopping", "the server is stopping; try again", kRetryAfterStopping);
        default:
            return Refusal::of(Kind::internal, "storage_error", with_hint(error));
    }
}

Refusal refusal_of(json::JsonError error) {
    using Kind = Refusal::Kind;
    return {error.too_deep ? Kind::unacceptable : Kind::malformed,
            error.too_deep ? std::string_view("nested_too_deep") : std::string_view("invalid_json"),
            std::move(error.message),
            error.line,
            error.offset,
            {}};
}

}  // namespace sluice
