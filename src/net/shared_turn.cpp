#include "net/shared_turn.hpp"

#include "net/await_callback.hpp"

namespace sluice {

boost::asio::awaitable<std::optional<SharedTurn::Hold>> SharedTurn::take() {
    auto start = [this](auto done) { enter(std::move(done)); };
    bool through = co_await await_callback<bool>(std::move(start));
    if (!through) co_return std::nullopt;
    co_return Hold(this);
}

void SharedTurn::enter(std::function<void(bool)> done) {
    bool through = false;
    {
        std::lock_guard lock(mutex_);
        through = free_ > 0;
        if (through) {
            --free_;
        } else if (waiting_.size() < most_waiting_) {
            waiting_.push_back(std::move(done));
            return;
        }
    }
    done(through);
}

void SharedTurn::pass_on() {
    std::function<void(bool)> next;
    {
        std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        next = std::move(waiting_.front());
        waiting_.pop_front();
    }
    next(true);
}

}  // namespace sluice
