#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace sluice::auth {

// Servers quote what they were sent: gateways, debug pages, "Incorrect API key provided: …". Their words are kept and
// shown, so what must not come out again is struck out first, and before the words are cut, or half of it stays.

/// A place in `text` where one of `secrets` stands becomes `…`; also where it is written as JSON, a URL or HTML escape
/// it. What has fewer than four bytes is no secret, and is left. Ends once it has `enough` bytes.
std::string struck_out(std::string_view text, std::span<const Secret> secrets,
                       std::size_t enough = std::numeric_limits<std::size_t>::max());

/// What may be quoted of a header's value: all of it, what follows a scheme (`Bearer …`), and a shared access
/// signature's `sig`.
std::vector<Secret> quotable_parts(std::string_view header_value);

}  // namespace sluice::auth
