#include "net/signal_event.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.hpp"

namespace sluice {

SignalEvent::SignalEvent(boost::asio::any_io_executor executor) : timer_(executor) {}

void SignalEvent::set() {
    set_ = true;
    if (waiting_) timer_.cancel();
}

boost::asio::awaitable<bool> SignalEvent::wait(Deadline deadline) {
    SLUICE_ASSERT(!waiting_, "a SignalEvent has one waiter");
    if (!set_) {
        auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) {
            // Who waits in a loop, against the advice, must not keep its whole shard from going on.
            waiting_ = true;
            co_await boost::asio::post(timer_.get_executor(), boost::asio::use_awaitable);
            waiting_ = false;
            co_return std::exchange(set_, false);
        }
        if (deadline.passed()) co_return false;
        timer_.expires_at(deadline.at());
        waiting_ = true;
        // The error code says nothing: a set() may have come after the timer fired and before this resumes.
        co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        waiting_ = false;
    }
    co_return std::exchange(set_, false);
}

}  // namespace sluice
