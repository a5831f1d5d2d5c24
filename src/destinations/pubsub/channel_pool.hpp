#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <chrono>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "net/endpoint.hpp"

namespace sluice::pubsub {

/// What two integrations must have in common to share a connection.
struct ChannelKey {
    std::string owner;   ///< org and credentials: nobody waits behind another tenant's calls
    std::string target;  ///< the addresses to connect to, as gRPC writes them
    Endpoint endpoint;
    std::string ca_file;
    bool insecure = false;
    std::string proxied;  ///< `host:port` that a proxy at these addresses is asked for; empty: no proxy

    friend auto operator<=>(const ChannelKey&, const ChannelKey&) = default;
};

/// A call that is handed to the queue: told once when it is over, on the queue's thread.
class QueueTag {
  public:
    virtual ~QueueTag() = default;
    /// Before gRPC gets it. What was written until then is seen by the queue's thread: gRPC sees to that as well, but
    /// in ways that a thread sanitizer cannot follow.
    void hand_over() noexcept { handed_over_.store(true, std::memory_order_release); }
    void take() {
        if (handed_over_.load(std::memory_order_acquire)) over();
    }

  private:
    virtual void over() = 0;

    std::atomic<bool> handed_over_ = false;
};

/// The process's connections to Pub/Sub and the one thread that gRPC's work is done on, whatever the number of
/// integrations. A channel that nobody has used for a minute is let go. Includes gRPC: only for client.cpp and for
/// tests. Thread: any. Lifecycle: made when the first client asks, ended with the last one.
class ChannelPool {
  public:
    /// nullptr when the process may have no more threads.
    static std::shared_ptr<ChannelPool> instance();
    ~ChannelPool();

    using Make = std::function<std::shared_ptr<grpc::Channel>(const ChannelKey&)>;
    std::shared_ptr<grpc::Channel> get(const ChannelKey& key, const Make& make);
    /// The next one who asks gets another; whoever uses this one still may. Nothing when that has happened already.
    void discard(const ChannelKey& key, const std::shared_ptr<grpc::Channel>& channel);
    grpc::CompletionQueue& queue() noexcept { return queue_; }
    std::size_t channels() const;
    /// Lets go of what has not been used since `unused_since`.
    void sweep(std::chrono::steady_clock::time_point unused_since);

  private:
    struct Entry {
        std::shared_ptr<grpc::Channel> channel;
        std::chrono::steady_clock::time_point used;
    };
    ChannelPool();
    void run();

    grpc::CompletionQueue queue_;
    mutable std::mutex mutex_;
    std::map<ChannelKey, Entry> channels_;
    std::thread thread_;
};

}  // namespace sluice::pubsub
