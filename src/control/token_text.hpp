#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace sluice {

/// A new token: `slc_`, 43 random characters (256 bits), 6 characters of checksum, all letters and digits. Scanners of
/// secrets find it by its prefix, a slip in copying shows in the checksum, and a pipe token may stand in a URL's path.
Secret make_token_text();

/// Whether a text is a token of that form, its checksum included.
bool is_token_text(std::string_view text) noexcept;

/// `path` with the tokens in it, whole or cut short, as `slc_…`: for what is kept or shown of a request.
std::string without_token_texts(std::string_view path);

/// Begins like such a token and is none: cut short, or with a slip in it.
bool is_damaged_token_text(std::string_view text) noexcept;

}  // namespace sluice
