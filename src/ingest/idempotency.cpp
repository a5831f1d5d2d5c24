#include "ingest/idempotency.hpp"

#include <algorithm>

namespace sluice {

std::optional<Refusal> check_idempotency_key(std::string_view key) {
    const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (printable && !key.empty() && key.size() <= kMaxIdempotencyKeyBytes) return std::nullopt;
    return Refusal::of(Refusal::Kind::malformed, "invalid_idempotency_key",
                       "Idempotency-Key must be 1 to 255 printable ASCII characters");
}

Digest256 fingerprint(std::initializer_list<std::string_view> call, std::string_view body) {
    std::string text;
    for (const std::string_view part : call) {
        text += part;
        text += '\0';  // stands in no part: ["a", "bc"] is not ["ab", "c"]
    }
    text += as_view(sha256(body));
    return sha256(text);
}

}  // namespace sluice
