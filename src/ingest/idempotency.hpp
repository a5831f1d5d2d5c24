#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "ingest/refusal.hpp"

namespace sluice {

inline constexpr std::size_t kMaxIdempotencyKeyBytes = 255;

/// Refuses what is not 1 to 255 printable ASCII characters.
std::optional<Refusal> check_idempotency_key(std::string_view key);

/// What "the same request" means for a key: the call's parts (what is written, where) and the body's bytes.
Digest256 fingerprint(std::initializer_list<std::string_view> call, std::string_view body);

}  // namespace sluice
