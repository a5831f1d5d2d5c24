#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "net/deadline.hpp"
#include "net/post_gate.hpp"
#include "net/signal_event.hpp"

namespace sluice::event_hubs {

/// One value made on another thread, for one coroutine of a shard that waits for it no longer than it likes: unlike
/// await_callback(), the wait can be cancelled and has a deadline, and a value that comes too late is dropped.
///
/// Two ends: the Waiter lives in the coroutine's frame, the Handoff is shared with whoever makes the value.
template <class T>
class Handoff : public std::enable_shared_from_this<Handoff<T>> {
  public:
    class Waiter {
      public:
        explicit Waiter(boost::asio::any_io_executor executor) : event_(executor), handoff_(new Handoff(executor)) {
            handoff_->event_ = &event_;
        }
        ~Waiter() { handoff_->event_ = nullptr; }
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;

        const std::shared_ptr<Handoff>& handoff() const noexcept { return handoff_; }

        /// The value; nothing at the deadline or when cancelled.
        boost::asio::awaitable<std::optional<T>> wait(Deadline deadline) {
            for (;;) {
                if (auto value = handoff_->take()) co_return value;
                if (!co_await event_.wait(deadline)) co_return handoff_->take();
            }
        }

      private:
        SignalEvent event_;
        std::shared_ptr<Handoff> handoff_;
    };

    /// Thread: any. Only the first value counts.
    void give(T value) {
        {
            std::lock_guard lock(mutex_);
            if (given_) return;
            given_ = true;
            value_.emplace(std::move(value));
        }
        gate_->post(executor_, [self = this->shared_from_this()] {
            if (self->event_) self->event_->set();
        });
    }

  private:
    explicit Handoff(boost::asio::any_io_executor executor)
        : executor_(std::move(executor)), gate_(PostGate::of(executor_)) {}

    std::optional<T> take() {
        std::lock_guard lock(mutex_);
        return std::exchange(value_, std::nullopt);
    }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<PostGate> gate_;
    SignalEvent* event_ = nullptr;  ///< the waiter's; touched on its shard only
    std::mutex mutex_;
    bool given_ = false;
    std::optional<T> value_;
};

}  // namespace sluice::event_hubs
