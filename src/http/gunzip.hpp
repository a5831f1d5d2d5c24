#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::http {

enum class GunzipOutcome { ok, malformed, too_large, no_room };

/// Unpacks a gzip body (RFC 1952, one or more members, nothing after them) into `out`, which never grows past
/// `max_bytes`. Before it takes more room, `may_take` is asked for all that it will then have: no_room where that says
/// no.
GunzipOutcome gunzip(std::string_view packed, std::size_t max_bytes, std::string& out,
                     const std::function<bool(std::size_t bytes)>& may_take = {});

}  // namespace sluice::http
