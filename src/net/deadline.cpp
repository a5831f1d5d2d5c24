#include "net/deadline.hpp"

namespace sluice {

Deadline::Clock::duration Deadline::remaining() const noexcept {
    auto now = Clock::now();
    return now >= at_ ? Clock::duration::zero() : at_ - now;
}

}  // namespace sluice
