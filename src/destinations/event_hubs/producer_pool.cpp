#include "destinations/event_hubs/producer_pool.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace sluice::event_hubs {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::uint64_t kWake = 0;

void watch(int epoll, int file, std::uint64_t id) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    SLUICE_ASSERT(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event) == 0, "a file descriptor can be watched");
}

}  // namespace

ProducerPool::ProducerPool(std::chrono::milliseconds idle)
    : idle_(idle), making_("kafka-make", 1), closing_("kafka-close", 1) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    SLUICE_ASSERT(epoll_ >= 0 && wake_ >= 0, "there are file descriptors for a pool of producers");
    watch(epoll_, wake_, kWake);
    hearing_ = std::thread([this] { hear(); });
}

ProducerPool::~ProducerPool() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
        for (auto& [key, entry] : entries_)
            if (entry.producer) entry.producer->hubs().stop_soon();
        for (auto& [key, entry] : entries_)
            if (entry.producer) retire(entry);
        entries_.clear();
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] auto size = ::write(wake_, &one, sizeof one);
    hearing_.join();
    making_.stop();
    // Twice: a producer that has been shut is then handed over to be destroyed.
    for (int round = 0; round < 2; ++round) {
        std::promise<void> closed;
        closing_.post([&closed] { closed.set_value(); });
        closed.get_future().wait();
    }
    closing_.stop();
    ::close(epoll_);
    ::close(wake_);
}

ProducerPool& ProducerPool::shared() {
    static ProducerPool pool;
    return pool;
}

std::shared_ptr<Producer> ProducerPool::find(const std::string& key) {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(key);
    if (found == entries_.end() || !found->second.producer) return nullptr;
    auto& entry = found->second;
    if (entry.producer->is_spent()) {
        retire(entry);
        return nullptr;
    }
    entry.last_used = SteadyClock::now();
    return entry.producer;
}

boost::asio::awaitable<Result<std::shared_ptr<Producer>>> ProducerPool::get(const std::string& key,
                                                                            const ProducerSettings& settings) {
    if (auto found = find(key)) co_return found;
    // One thread makes them, one after the other: whoever waited for the same one finds it.
    auto work = [this, &key, &settings] { return make(key, settings); };
    auto made = co_await making_.run(std::move(work));
    co_return made;
}

Result<std::shared_ptr<Producer>> ProducerPool::make(const std::string& key, const ProducerSettings& settings) {
    if (auto found = find(key)) return found;
    auto made = Producer::make(settings, [this](Producer* last) { closing_.post([last] { delete last; }); });
    if (!made) return made.error();
    std::lock_guard lock(mutex_);
    auto& entry = entries_[key];
    entry.producer = *made;
    entry.id = ++last_id_;
    entry.last_used = SteadyClock::now();
    heard_.emplace(entry.id, *made);
    watch(epoll_, (*made)->event_fd(), entry.id);
    // It may have had something to say before anybody watched.
    const std::uint64_t one = 1;
    [[maybe_unused]] auto size = ::write((*made)->event_fd(), &one, sizeof one);
    return *made;
}

/// With the lock held. Whoever still waits for reports is told; then it goes.
void ProducerPool::retire(Entry& entry) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, entry.producer->event_fd(), nullptr);
    heard_.erase(entry.id);
    auto producer = std::exchange(entry.producer, nullptr);
    closing_.post([producer]() mutable {
        producer->shut();
        producer.reset();
    });
}

void ProducerPool::join(const std::string& key) {
    std::lock_guard lock(mutex_);
    ++entries_[key].users;
}

void ProducerPool::leave(const std::string& key) {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(key);
    if (found == entries_.end() || --found->second.users > 0) return;
    if (found->second.producer) retire(found->second);
    entries_.erase(found);
}

std::size_t ProducerPool::producers() const {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(),
                                                  [](const auto& each) { return each.second.producer != nullptr; }));
}

void ProducerPool::close_idle() {
    std::lock_guard lock(mutex_);
    auto before = SteadyClock::now() - idle_;
    for (auto& [key, entry] : entries_) {
        bool idle = entry.producer && entry.producer->outstanding() == 0 && entry.last_used < before;
        if (idle) retire(entry);
    }
}

void ProducerPool::hear() {
    std::array<epoll_event, 64> events;
    const auto look_every = std::max<std::chrono::milliseconds>(idle_ / 4, std::chrono::milliseconds(1));
    auto next_look = SteadyClock::now() + look_every;
    for (;;) {
        auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_look - SteadyClock::now());
        int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                               static_cast<int>(std::max(wait, std::chrono::milliseconds(0)).count()));
        std::vector<std::shared_ptr<Producer>> ready;
        {
            std::lock_guard lock(mutex_);
            if (stopping_) return;
            for (int i = 0; i < count; ++i) {
                auto found = heard_.find(events[static_cast<std::size_t>(i)].data.u64);
                if (found != heard_.end()) ready.push_back(found->second);
            }
        }
        for (auto& producer : ready) producer->poll();
        if (SteadyClock::now() >= next_look) {
            close_idle();
            next_look = SteadyClock::now() + look_every;
        }
    }
}

}  // namespace sluice::event_hubs
