#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice {

/// `4MiB`, `500kB`, `0`, `1GiB`, `12B`, plain digits: bytes. Binary and decimal units, case-sensitive as written in
/// SI/IEC
/// (`KiB MiB GiB TiB`, `kB KB MB GB TB`). Refuses fractions, signs, spaces inside and overflow, naming the text.
Result<std::uint64_t> parse_bytes(std::string_view text);
/// `50ms`, `2s`, `5m`, `24h`, `7d`, `250us`; `0` needs no unit. Refuses a missing unit otherwise.
Result<std::chrono::microseconds> parse_duration(std::string_view text);

/// The shortest exact form: `4MiB`, `1500B`.
std::string format_bytes(std::uint64_t bytes);
std::string format_duration(std::chrono::microseconds duration);

}  // namespace sluice
