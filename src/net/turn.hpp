#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "net/deadline.hpp"

namespace sluice {

/// Lets coroutines of one shard through one at a time, in the order they came. Outlives those who hold it or wait for
/// it. Thread: its executor's.
class Turn {
  public:
    /// Whoever has it is through; its end lets the next one.
    class Hold {
      public:
        Hold(Hold&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
        Hold& operator=(Hold&& other) noexcept {
            std::swap(turn_, other.turn_);
            return *this;
        }
        ~Hold() {
            if (turn_) turn_->pass_on();
        }

      private:
        friend class Turn;
        explicit Hold(Turn* turn) noexcept : turn_(turn) {}
        Turn* turn_;
    };

    explicit Turn(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// Nothing when the deadline came first or the wait was cancelled.
    boost::asio::awaitable<std::optional<Hold>> take(Deadline deadline);
    bool is_taken() const noexcept { return taken_; }

  private:
    struct Waiting;
    void pass_on() noexcept;

    boost::asio::any_io_executor executor_;
    std::deque<Waiting*> waiting_;
    bool taken_ = false;
};

}  // namespace sluice
