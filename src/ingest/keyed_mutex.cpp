#include "ingest/keyed_mutex.hpp"

#include "base/assert.hpp"
#include "net/await_callback.hpp"

namespace sluice {

void KeyedMutex::Lock::release() noexcept {
    if (mutex_) std::exchange(mutex_, nullptr)->unlock(key_);
}

boost::asio::awaitable<KeyedMutex::Lock> KeyedMutex::lock(std::string key) {
    if (!take_or_wait(key, nullptr)) {
        auto start = [this, &key](auto done) {
            Waiter waiter = std::move(done);
            if (take_or_wait(key, &waiter)) waiter(Granted{});
        };
        co_await await_callback<Granted>(std::move(start));
    }
    co_return Lock(*this, std::move(key));
}

bool KeyedMutex::take_or_wait(const std::string& key, Waiter* waiter) {
    const std::lock_guard guard(mutex_);
    const auto [at, was_free] = held_.try_emplace(key);
    if (!was_free && waiter) at->second.push_back(std::move(*waiter));
    return was_free;
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
    next(Granted{});  // the key is handed over: nobody can come between
}

std::size_t KeyedMutex::size() const {
    const std::lock_guard guard(mutex_);
    return held_.size();
}

}  // namespace sluice
