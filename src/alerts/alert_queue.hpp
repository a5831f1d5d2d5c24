#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "alerts/alert_message.hpp"

namespace sluice {

/// What waits for one receiver: in order, bounded. Few go one by one; when many wait they become one summary, so that
/// an outage of everything is not thousands of messages. Pure. Thread: one.
class AlertQueue {
  public:
    /// Called once it is over with a note, whether the receiver has it or not.
    using Settled = std::function<void()>;

    /// How many wait before they become one summary, and how many may wait.
    static constexpr std::size_t kOneByOne = 10;
    static constexpr std::size_t kMostWaiting = 5'000;

    void push(AlertNote note, Settled settled);
    bool empty() const noexcept { return waiting_.empty() && !current_; }
    std::size_t size() const noexcept { return waiting_.size() + (current_ ? current_->settled.size() : 0); }
    /// What the receiver was never told, since start.
    std::uint64_t dropped() const noexcept { return dropped_; }

    /// What to send, the same until it is settled. There must be something.
    struct Message {
        std::string id;  ///< the same for every attempt
        std::string body;
    };
    const Message& current(Timestamp now);
    /// The receiver has it, or (`delivered` false) never will.
    void settle(bool delivered);
    /// Nobody is to be told any more.
    void clear();

  private:
    struct Waiting {
        AlertNote note;
        Settled settled;
    };
    struct Current {
        Message message;
        std::vector<Settled> settled;
        std::uint64_t missed = 0;  ///< told with it
    };
    std::deque<Waiting> waiting_;
    std::optional<Current> current_;
    std::uint64_t missed_ = 0;  ///< of what was dropped: not told yet
    std::uint64_t dropped_ = 0;
};

}  // namespace sluice
