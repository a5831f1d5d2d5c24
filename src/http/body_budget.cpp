#include "http/body_budget.hpp"

namespace sluice::http {

bool BodyBudget::Share::grow_to(std::size_t bytes) noexcept {
    if (bytes <= bytes_) return true;
    auto more = bytes - bytes_;
    auto before = budget_.used_.fetch_add(more, std::memory_order_relaxed);
    auto bound = bytes <= kSmallBody ? budget_.limit_ : budget_.limit_ - budget_.limit_ / 4;
    bool alone = before == bytes_;
    if (before + more > bound && !alone) {
        budget_.used_.fetch_sub(more, std::memory_order_relaxed);
        return false;
    }
    bytes_ = bytes;
    return true;
}

void BodyBudget::Share::shrink_to(std::size_t bytes) noexcept {
    if (bytes >= bytes_) return;
    budget_.used_.fetch_sub(bytes_ - bytes, std::memory_order_relaxed);
    bytes_ = bytes;
}

}  // namespace sluice::http
