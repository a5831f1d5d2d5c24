#include "delivery/wake_queue.hpp"

#include <algorithm>
#include <utility>

namespace sluice {

WakeQueue::WakeQueue(boost::asio::io_context& io, const Clock& clock, Wake wake)
    : timer_(io), clock_(clock), wake_(std::move(wake)) {}

void WakeQueue::at(SteadyTime time, std::uint32_t who) {
    if (!*open_) return;
    entries_.push_back({time, who});
    std::push_heap(entries_.begin(), entries_.end(), std::greater<>());
    arm();
}

void WakeQueue::close() {
    // Only read when it is closed already: a handler that was cancelled then may be reading it on the shard.
    if (!*open_) return;
    *open_ = false;
    entries_.clear();
    timer_.cancel();
}

void WakeQueue::arm() {
    if (entries_.empty() || entries_.front().at >= armed_) return;
    armed_ = entries_.front().at;
    timer_.expires_after(std::max(armed_ - clock_.steady_now(), SteadyTime::duration::zero()));
    timer_.async_wait([this, open = open_](boost::system::error_code error) {
        if (!*open || error) return;
        armed_ = SteadyTime::max();
        fire();
    });
}

void WakeQueue::fire() {
    // What is asked for while these are woken waits for the next turn.
    SteadyTime now = clock_.steady_now();
    std::vector<std::uint32_t> due;
    while (!entries_.empty() && entries_.front().at <= now) {
        due.push_back(entries_.front().who);
        std::pop_heap(entries_.begin(), entries_.end(), std::greater<>());
        entries_.pop_back();
    }
    auto open = open_;
    for (std::uint32_t who : due) {
        if (!*open) return;
        wake_(who);
    }
    if (*open) arm();
}

}  // namespace sluice
