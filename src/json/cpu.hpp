#pragma once

namespace sluice::json::internal {

/// True where this processor (and this build's architecture) has all that the AVX2 functions here use. Found once, at
/// run time.
bool has_avx2() noexcept;

}  // namespace sluice::json::internal
