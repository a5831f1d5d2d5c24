#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/deadline.hpp"

namespace sluice {

/// Wakes one waiter: an auto-reset event for coroutines of one shard. A set() with nobody waiting is remembered.
/// Thread: its executor's.
class SignalEvent {
  public:
    explicit SignalEvent(boost::asio::any_io_executor executor);
    void set();
    /// True when set, false when the deadline came first or the wait was cancelled.
    boost::asio::awaitable<bool> wait(Deadline deadline);

  private:
    boost::asio::steady_timer timer_;
    bool set_ = false;
    bool waiting_ = false;
};

}  // namespace sluice
