#include "net/turn.hpp"

#include "net/signal_event.hpp"

namespace sluice {

struct Turn::Waiting {
    SignalEvent woken;
    bool granted = false;
};

boost::asio::awaitable<std::optional<Turn::Hold>> Turn::take(Deadline deadline) {
    if (!std::exchange(taken_, true)) co_return std::optional<Hold>(Hold(this));
    Waiting self{SignalEvent(executor_)};
    waiting_.push_back(&self);
    co_await self.woken.wait(deadline);
    // The grant counts, not why the wait ended: both may have come in one turn of the loop.
    if (self.granted) co_return std::optional<Hold>(Hold(this));
    std::erase(waiting_, &self);
    co_return std::optional<Hold>();
}

void Turn::pass_on() noexcept {
    if (waiting_.empty()) {
        taken_ = false;
        return;
    }
    Waiting* next = waiting_.front();
    waiting_.pop_front();
    next->granted = true;
    next->woken.set();
}

}  // namespace sluice
