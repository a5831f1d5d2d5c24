#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>

#include "net/shard.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice {

/// Beats as long as every shard gets its work done: when one hangs, it is silent. For a watchdog, which a thread of its
/// own with a timer would deceive. Thread: the first shard's. Lifecycle: start() once the shards run, stop() before
/// they stop.
class Heartbeat {
  public:
    /// `beat` is called each `interval`, after all shards have answered.
    Heartbeat(ShardSet& shards, std::chrono::microseconds interval, std::function<void()> beat);

    void start();
    boost::asio::awaitable<void> stop();

  private:
    boost::asio::awaitable<void> go_on();

    ShardSet& shards_;
    std::chrono::microseconds interval_;
    std::function<void()> beat_;
    TaskGroup tasks_;
    SignalEvent stopping_;
    bool stopped_ = false;
};

}  // namespace sluice
