#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"

namespace sluice {

/// One timer for everything on a shard that waits for a time: an idle integration has none of its own.
/// Thread: its io_context's. After close() nothing is called any more.
class WakeQueue {
  public:
    using Wake = std::function<void(std::uint32_t who)>;

    /// `wake` is called once for each time asked for, at it or soon after.
    WakeQueue(boost::asio::io_context& io, const Clock& clock, Wake wake);
    ~WakeQueue() { close(); }

    void at(SteadyTime time, std::uint32_t who);
    void close();

  private:
    struct Entry {
        SteadyTime at;
        std::uint32_t who;
        friend bool operator>(const Entry& a, const Entry& b) { return a.at > b.at; }
    };
    void arm();
    void fire();

    boost::asio::steady_timer timer_;
    const Clock& clock_;
    Wake wake_;
    std::vector<Entry> entries_;  ///< a heap, soonest first
    SteadyTime armed_ = SteadyTime::max();
    /// Handlers that were under way when the queue was closed see that it is gone.
    std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace sluice
