#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "destinations/event_hubs/producer.hpp"
#include "net/blocking_pool.hpp"

namespace sluice::event_hubs {

/// All producers of the process, one for each set of equal settings (ProducerSettings::key), whatever shards the
/// integrations live on that share it. A producer is made when there is something to deliver and closed when nobody has
/// used it for a while, since each costs librdkafka a few threads and connections. One thread hears the reports of all
/// of them. Thread: any. Lifecycle: outlives the destinations that use it.
class ProducerPool {
  public:
    /// How long a producer is kept that nobody uses.
    static constexpr std::chrono::seconds kIdle{180};

    explicit ProducerPool(std::chrono::milliseconds idle = kIdle);
    ~ProducerPool();
    ProducerPool(const ProducerPool&) = delete;
    ProducerPool& operator=(const ProducerPool&) = delete;

    /// The process's own.
    static ProducerPool& shared();

    /// The producer for these settings, made if need be (on a thread of its own, since that blocks for some
    /// milliseconds). `key` is theirs.
    boost::asio::awaitable<Result<std::shared_ptr<Producer>>> get(const std::string& key,
                                                                  const ProducerSettings& settings);
    /// An integration begins and ends using a key: with the last one gone, its producer is closed at once.
    void join(const std::string& key);
    void leave(const std::string& key);

    std::size_t producers() const;

  private:
    struct Entry {
        std::size_t users = 0;
        std::shared_ptr<Producer> producer;
        std::uint64_t id = 0;
        std::chrono::steady_clock::time_point last_used{};
    };

    std::shared_ptr<Producer> find(const std::string& key);
    Result<std::shared_ptr<Producer>> make(const std::string& key, const ProducerSettings& settings);
    void retire(Entry& entry);
    void hear();
    void close_idle();

    const std::chrono::milliseconds idle_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
    std::map<std::uint64_t, std::shared_ptr<Producer>> heard_;  ///< by what epoll calls them
    std::uint64_t last_id_ = 0;
    bool stopping_ = false;
    int epoll_ = -1;
    int wake_ = -1;
    BlockingPool making_;
    BlockingPool closing_;
    std::thread hearing_;
};

}  // namespace sluice::event_hubs
