#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"

namespace sluice {

/// One timer for everything on a shard that waits for a time: an idle integration has none of its own. Each has at most
/// one time that it is woken at, the soonest it asked for; once woken it asks again for what is left to wait for. So
/// there are never more entries than integrations, however often one asks for an earlier time than before.
/// Thread: its io_context's. After close() nothing is called any more.
class WakeQueue {
  public:
    using Wake = std::function<void(std::uint32_t who)>;

    /// `wake` is called at the soonest time that was asked for, or soon after.
    WakeQueue(boost::asio::io_context& io, const Clock& clock, Wake wake);
    ~WakeQueue() { close(); }

    /// A later time than one it waits for already is passed over.
    void at(SteadyTime time, std::uint32_t who);
    void forget(std::uint32_t who);
    void close();
    std::size_t size() const noexcept { return entries_.size(); }

  private:
    using Entry = std::pair<SteadyTime, std::uint32_t>;
    void arm();
    void fire();

    boost::asio::steady_timer timer_;
    const Clock& clock_;
    Wake wake_;
    std::set<Entry> entries_;
    std::unordered_map<std::uint32_t, SteadyTime> asked_;  ///< by who: its entry's time
    SteadyTime armed_ = SteadyTime::max();
    /// Handlers that were under way when the queue was closed see that it is gone.
    std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace sluice
