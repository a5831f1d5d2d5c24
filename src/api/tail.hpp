#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event/filter.hpp"
#include "http/message.hpp"
#include "log/event_log.hpp"
#include "net/shared_room.hpp"

namespace sluice::api {

/// Live events for whoever watches: a window, not a delivery. A watcher that is too slow misses events and is told how
/// many. Costs one atomic read a commit while nobody watches, and one post for each thread that has watchers otherwise:
/// what they want is looked at there, not on the log's thread. Thread: any. Lifecycle: outlives the server whose
/// streams use it.
class TailHub {
  public:
    struct Limits {
        std::size_t max_watchers = 512;
        std::size_t max_watchers_of_an_org = 32;
        std::size_t max_bytes_under_way = 16 << 20;  ///< on their way to the watchers of one thread
    };
    TailHub();
    explicit TailHub(Limits limits);
    ~TailHub();
    TailHub(const TailHub&) = delete;
    TailHub& operator=(const TailHub&) = delete;

    /// Given to EventLog::add_commit_listener. Thread: the log's.
    void on_commit(std::shared_ptr<const CommittedBatch> batch);

    /// A place among those who watch, until the last copy is gone. Null when all of them, or all of the org's, are
    /// taken.
    SharedRoom::Hold take_place(const std::string& org) { return places_.take(org, 1); }

    /// Writes matching events to `writer` as server-sent events (`id:` sequence, `data:` envelope) until the client is
    /// gone, may not go on (asked before each piece, and every fifteen seconds), or close() was called. Runs on the
    /// caller's executor.
    boost::asio::awaitable<void> follow(EventFilter filter, std::function<bool()> may_go_on, http::BodyWriter& writer);

    /// Ends every follow().
    void close();
    std::size_t watchers() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    struct Watcher;
    struct Group;
    std::shared_ptr<Group> group_of(const boost::asio::any_io_executor& executor);

    const Limits limits_;
    SharedRoom places_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<Group>> groups_;  ///< one for each thread that ever had a watcher
    std::atomic<std::size_t> count_{0};
    bool closed_ = false;
};

}  // namespace sluice::api
