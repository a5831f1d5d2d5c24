#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace sluice {

/// Lets coroutines of all shards through, so many at a time, in the order they came: for what would take every thread
/// of a pool if it could. Thread: any. Lifecycle: outlives those who hold it or wait for it.
class SharedTurn {
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
        friend class SharedTurn;
        explicit Hold(SharedTurn* turn) noexcept : turn_(turn) {}
        SharedTurn* turn_;
    };

    SharedTurn(std::size_t at_once, std::size_t most_waiting) : free_(at_once), most_waiting_(most_waiting) {}
    SharedTurn(const SharedTurn&) = delete;
    SharedTurn& operator=(const SharedTurn&) = delete;

    /// Nothing, at once, when too many wait. Not cancellable.
    boost::asio::awaitable<std::optional<Hold>> take();

  private:
    void enter(std::function<void(bool)> done);
    void pass_on();

    std::mutex mutex_;
    std::size_t free_;
    const std::size_t most_waiting_;
    std::deque<std::function<void(bool)>> waiting_;
};

}  // namespace sluice
