#include "net/blocking_pool.hpp"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/assert.hpp"

namespace sluice {

struct BlockingPool::Impl {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> queue;
    bool stopping = false;
    std::vector<std::thread> threads;

    void work() {
        std::unique_lock lock(mutex);
        while (true) {
            changed.wait(lock, [this] { return stopping || !queue.empty(); });
            if (queue.empty()) return;
            {
                auto next = std::move(queue.front());
                queue.pop_front();
                lock.unlock();
                next();
                // `next` goes here, without the lock: what it captured may post when destroyed.
            }
            lock.lock();
        }
    }
};

BlockingPool::BlockingPool(std::string name, std::size_t threads) : impl_(std::make_unique<Impl>()) {
    SLUICE_ASSERT(threads > 0, "a BlockingPool has threads");
    name.resize(std::min<std::size_t>(name.size(), 15));  // Linux refuses longer ones
    for (std::size_t i = 0; i < threads; ++i) {
        impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
        pthread_setname_np(impl_->threads.back().native_handle(), name.c_str());
    }
}

BlockingPool::~BlockingPool() {
    stop();
}

void BlockingPool::post(std::function<void()> work) {
    {
        std::lock_guard lock(impl_->mutex);
        SLUICE_ASSERT(!impl_->stopping, "post() to a BlockingPool that was stopped");
        impl_->queue.push_back(std::move(work));
    }
    impl_->changed.notify_one();
}

void BlockingPool::stop() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->changed.notify_all();
    for (auto& thread : impl_->threads) {
        if (thread.joinable()) thread.join();
    }
}

}  // namespace sluice
