#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace sluice {

/// One coroutine at a time per key, first come, first served; other keys are not held up. A key that nobody holds costs
/// no memory. Waiters resume on their own executor. Thread: any. Lifecycle: outlives every lock taken from it.
class KeyedMutex {
  public:
    /// Holds a key until it is destroyed.
    class Lock {
      public:
        Lock() = default;
        Lock(KeyedMutex& mutex, std::string key) : mutex_(&mutex), key_(std::move(key)) {}
        Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)), key_(std::move(other.key_)) {}
        Lock& operator=(Lock&& other) noexcept {
            if (this != &other) {
                release();
                mutex_ = std::exchange(other.mutex_, nullptr);
                key_ = std::move(other.key_);
            }
            return *this;
        }
        ~Lock() { release(); }

      private:
        void release() noexcept;

        KeyedMutex* mutex_ = nullptr;
        std::string key_;
    };

    boost::asio::awaitable<Lock> lock(std::string key);
    /// Nothing, at once, when so many wait for the key already.
    boost::asio::awaitable<std::optional<Lock>> lock(std::string key, std::size_t most_waiting);

    /// Keys held now.
    std::size_t size() const;

  private:
    /// Whether it is the waiter's turn; false: it was not let wait.
    using Waiter = std::function<void(bool)>;

    enum class Outcome { taken, waiting, too_many };
    /// Whether the key was free and is now the caller's; otherwise `waiter`, when given, is called once it is.
    Outcome take_or_wait(const std::string& key, Waiter* waiter, std::size_t most_waiting);
    void unlock(const std::string& key) noexcept;

    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::deque<Waiter>> held_;  ///< key → those who wait for it
};

}  // namespace sluice
