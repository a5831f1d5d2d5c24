#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "event/filter.hpp"
#include "http/message.hpp"
#include "log/event_log.hpp"

namespace sluice::api {

/// Live events for whoever watches: a window, not a delivery. A watcher that is too slow misses events and is told how
/// many. Costs one atomic read a commit while nobody watches. Thread: any. Lifecycle: outlives the server whose streams
/// use it.
class TailHub {
  public:
    TailHub() = default;
    TailHub(const TailHub&) = delete;
    TailHub& operator=(const TailHub&) = delete;

    /// Given to EventLog::add_commit_listener. Thread: the log's.
    void on_commit(const CommittedBatch& batch);

    /// Writes matching events to `writer` as server-sent events (`id:` sequence, `data:` envelope) until the client is
    /// gone, may not go on (asked before each piece, and every fifteen seconds), or close() was called. Runs on the
    /// caller's executor.
    boost::asio::awaitable<void> follow(EventFilter filter, std::function<bool()> may_go_on, http::BodyWriter& writer);

    /// Ends every follow().
    void close();
    std::size_t watchers() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    struct Watcher;
    std::mutex mutex_;
    std::vector<std::shared_ptr<Watcher>> watchers_;
    std::atomic<std::size_t> count_{0};
    bool closed_ = false;
};

}  // namespace sluice::api
