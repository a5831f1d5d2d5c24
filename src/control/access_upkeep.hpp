#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "control/access_directory.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice {

/// Writes down, every so often, when tokens were last used: to the interval, and not at the cost of a write a request.
/// Thread: `io`'s. Lifecycle: stop() before it is destroyed, which writes once more.
class AccessUpkeep {
  public:
    /// `warn` is told, in plain words, what could not be written.
    AccessUpkeep(boost::asio::io_context& io, AccessDirectory& access, BlockingPool& blocking,
                 std::function<void(const std::string&)> warn);

    void start(std::chrono::milliseconds interval = std::chrono::seconds(60));
    boost::asio::awaitable<void> stop();

  private:
    boost::asio::awaitable<void> run(std::chrono::milliseconds interval);
    boost::asio::awaitable<void> write();

    AccessDirectory& access_;
    BlockingPool& blocking_;
    std::function<void(const std::string&)> warn_;
    TaskGroup tasks_;
    SignalEvent stopping_;
};

}  // namespace sluice
