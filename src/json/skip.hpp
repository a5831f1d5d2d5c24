#pragma once

namespace sluice::json::internal {

/// Past the value at `p` of validated, minified text; at most to `end`, whatever the text is.
const char* skip_value(const char* p, const char* end) noexcept;
/// Past the closing quote of the string at `p`.
const char* skip_string(const char* p, const char* end) noexcept;
/// Past the bracket that closes the one at `p`: byte by byte, and (only if has_avx2()) 64 bytes at a time.
const char* skip_container_scalar(const char* p, const char* end) noexcept;
const char* skip_container_avx2(const char* p, const char* end) noexcept;

}  // namespace sluice::json::internal
