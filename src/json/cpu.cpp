#include "json/cpu.hpp"

namespace sluice::json::internal {

#if defined(__x86_64__)

bool has_avx2() noexcept {
    static const bool found = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                              __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt");
    return found;
}

#else

bool has_avx2() noexcept {
    return false;
}

#endif

}  // namespace sluice::json::internal
