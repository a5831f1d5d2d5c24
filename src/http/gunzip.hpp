#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::http {

enum class GunzipOutcome { ok, malformed, too_large };

/// Unpacks a gzip body (RFC 1952, one or more members, nothing after them) into `out`, which never grows past
/// `max_bytes`.
GunzipOutcome gunzip(std::string_view packed, std::size_t max_bytes, std::string& out);

}  // namespace sluice::http
