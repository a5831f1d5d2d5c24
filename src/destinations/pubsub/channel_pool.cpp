#include "destinations/pubsub/channel_pool.hpp"

#include <pthread.h>

#include <system_error>
#include <utility>
#include <vector>

namespace sluice::pubsub {
namespace {

constexpr std::chrono::seconds kMostIdle{60};
constexpr std::chrono::seconds kBetweenSweeps{10};

}  // namespace

std::shared_ptr<ChannelPool> ChannelPool::instance() {
    static std::mutex mutex;
    static std::weak_ptr<ChannelPool> current;
    std::lock_guard lock(mutex);
    auto pool = current.lock();
    if (pool) return pool;
    try {
        pool = std::shared_ptr<ChannelPool>(new ChannelPool);
    } catch (const std::system_error&) {
        return nullptr;
    }
    current = pool;
    return pool;
}

ChannelPool::ChannelPool() : thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), "pubsub");
}

ChannelPool::~ChannelPool() {
    // Calls that are still under way were cancelled by whoever made them: the thread ends once they are over.
    queue_.Shutdown();
    thread_.join();
}

std::shared_ptr<grpc::Channel> ChannelPool::get(const ChannelKey& key, const Make& make) {
    std::lock_guard lock(mutex_);
    auto& entry = channels_[key];
    if (!entry.channel) entry.channel = make(key);
    entry.used = std::chrono::steady_clock::now();
    return entry.channel;
}

void ChannelPool::discard(const ChannelKey& key, const std::shared_ptr<grpc::Channel>& channel) {
    std::shared_ptr<grpc::Channel> discarded;  // ended outside the lock
    std::lock_guard lock(mutex_);
    auto found = channels_.find(key);
    if (found == channels_.end() || found->second.channel != channel) return;
    discarded = std::move(found->second.channel);
    channels_.erase(found);
}

std::size_t ChannelPool::channels() const {
    std::lock_guard lock(mutex_);
    return channels_.size();
}

void ChannelPool::sweep(std::chrono::steady_clock::time_point unused_since) {
    std::vector<std::shared_ptr<grpc::Channel>> unused;  // ended outside the lock
    std::lock_guard lock(mutex_);
    for (auto it = channels_.begin(); it != channels_.end();) {
        // A call under way holds its channel.
        bool idle = it->second.channel.use_count() == 1 && it->second.used <= unused_since;
        if (idle) unused.push_back(std::move(it->second.channel));
        it = idle ? channels_.erase(it) : std::next(it);
    }
}

void ChannelPool::run() {
    auto next_sweep = std::chrono::steady_clock::now() + kBetweenSweeps;
    for (;;) {
        void* tag = nullptr;
        bool ok = false;
        // Without channels there is nothing to sweep, and nothing to wake up for.
        auto wake = channels() == 0 ? std::chrono::system_clock::time_point::max()
                                    : std::chrono::system_clock::now() + kBetweenSweeps;
        auto event = queue_.AsyncNext(&tag, &ok, wake);
        if (event == grpc::CompletionQueue::SHUTDOWN) return;
        if (event == grpc::CompletionQueue::GOT_EVENT) static_cast<QueueTag*>(tag)->take();
        auto now = std::chrono::steady_clock::now();
        if (now >= next_sweep) {
            sweep(now - kMostIdle);
            next_sweep = now + kBetweenSweeps;
        }
    }
}

}  // namespace sluice::pubsub
