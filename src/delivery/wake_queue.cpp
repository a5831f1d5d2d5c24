#include "delivery/wake_queue.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice {

WakeQueue::WakeQueue(boost::asio::io_context& io, const Clock& clock, Wake wake)
    : timer_(io), clock_(clock), wake_(std::move(wake)) {}

void WakeQueue::at(SteadyTime time, std::uint32_t who) {
    if (!*open_) return;
    auto [asked, is_new] = asked_.try_emplace(who, time);
    if (is_new) {
        entries_.emplace(time, who);
    } else {
        if (asked->second <= time) return;
        auto entry = entries_.extract({asked->second, who});
        entry.value().first = asked->second = time;
        entries_.insert(std::move(entry));
    }
    arm();
}

void WakeQueue::forget(std::uint32_t who) {
    auto asked = asked_.find(who);
    if (asked == asked_.end()) return;
    entries_.erase({asked->second, who});
    asked_.erase(asked);
}

void WakeQueue::close() {
    // Only read when it is closed already: a handler that was cancelled then may be reading it on the shard.
    if (!*open_) return;
    *open_ = false;
    entries_.clear();
    asked_.clear();
    timer_.cancel();
}

void WakeQueue::arm() {
    if (entries_.empty() || entries_.begin()->first >= armed_) return;
    armed_ = entries_.begin()->first;
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
    while (!entries_.empty() && entries_.begin()->first <= now) {
        std::uint32_t who = entries_.begin()->second;
        due.push_back(who);
        entries_.erase(entries_.begin());
        asked_.erase(who);
    }
    auto open = open_;
    for (std::uint32_t who : due) {
        if (!*open) return;
        wake_(who);
    }
    if (*open) arm();
}

}  // namespace sluice
