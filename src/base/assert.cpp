#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void invariant_broken(const char* condition, const char* message, const char* file, int line) noexcept {
    std::fprintf(stderr, "sluice: broken invariant: %s (%s) at %s:%d; ending the process, a restart recovers\n",
                 message, condition, file, line);
    std::fflush(stderr);
    std::abort();
}

}  // namespace sluice
