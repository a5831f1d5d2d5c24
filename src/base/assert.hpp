#pragma once

namespace sluice {

/// Prints the broken invariant and ends the process. A restart is safe by design; going on is not.
[[noreturn]] void invariant_broken(const char* condition, const char* message, const char* file, int line) noexcept;

}  // namespace sluice

/// Always on, in every build. For invariants of log, store and delivery; never for outside input.
#define SLUICE_ASSERT(condition, message) \
    (static_cast<bool>(condition) ? void(0) : ::sluice::invariant_broken(#condition, message, __FILE__, __LINE__))
