#include "ingest/keyed_mutex.hpp"

#include <limits>

#include "base/assert.hpp"
#include "net/await_callback.hpp"

namespace sluice {

void KeyedMutex::Lock::release() noexcept {
    if (mutex_) std::exchange(mutex_, nullptr)->unlock(key_);
}

boost::asio::awaitable<KeyedMutex::Lock> KeyedMutex::lock(std::string key) {
    constexpr auto kAny = std::numeric_limits<std::size_t>::max();
    std::optional<Lock> taken = co_await lock(std::move(key), kAny);
    co_return std::move(*taken);
}

boost::asio::awaitable<std::optional<KeyedMutex::Lock>> KeyedMutex::lock(std::string key, std::size_t most_waiting) {
    if (take_or_wait(key, nullptr, most_waiting) != Outcome::taken) {
        auto start = [this, &key, most_waiting](auto done) {
            Waiter waiter = std::move(done);
            auto outcome = take_or_wait(key, &waiter, most_waiting);
            if (outcome != Outcome::waiting) waiter(outcome == Outcome::taken);
        };
        bool granted = co_await await_callback<bool>(std::move(start));
        if (!granted) co_return std::nullopt;
    }
    co_return Lock(*this, std::move(key));
}

KeyedMutex::Outcome KeyedMutex::take_or_wait(const std::string& key, Waiter* waiter, std::size_t most_waiting) {
    const std::lock_guard guard(mutex_);
    const auto [at, was_free] = held_.try_emplace(key);
    if (was_free) return Outcome::taken;
    if (at->second.size() >= most_waiting) return Outcome::too_many;
    if (waiter) at->second.push_back(std::move(*waiter));
    return Outcome::waiting;
}

void KeyedMutex::unlock(const std::string& key) noexcept {
    Waiter next;
    {
        const std::lock_guard guard(mutex_);
        const auto at = held_.find(key);
        SLUICE_ASSERT(at != held_.end(), "a key is unlocked by whoever holds it");
        if (at->second.empty()) {
            held_.erase(at);
            return;
        }
        next = std::move(at->second.front());
        at->second.pop_front();
    }
    next(true);  // the key is handed over: nobody can come between
}

std::size_t KeyedMutex::size() const {
    const std::lock_guard guard(mutex_);
    return held_.size();
}

}  // namespace sluice
