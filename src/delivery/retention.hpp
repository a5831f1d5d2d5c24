#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "delivery/engine.hpp"
#include "delivery/object_sweep.hpp"
#include "delivery/retention_plan.hpp"
#include "net/blocking_pool.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"
#include "store/object_index.hpp"

namespace sluice {

/// Lets the log's oldest segments go (product.md, "retention"): those that every integration is past, and beyond the
/// hard limit the rest too, after warnings at half and nine tenths of it. Before a segment goes, what integrations lose
/// by it is recorded durably, and current objects in it are rescued. Also removes objects that are past their own
/// retention: those are looked through bit by bit, so that what it costs does not grow with how many there are. What is
/// past its retention cannot be read whether it is removed already or not.
///
/// Thread: `io`'s, except over_backlog() and backlog_of(). Lifecycle: stop() before it is destroyed.
class Retention {
  public:
    struct Parts {
        boost::asio::io_context& io;
        EventLog& log;
        ObjectIndex& objects;
        DeliveryEngine& engine;
        BlockingPool& pool;  ///< for trimming and rescuing
        const Clock& clock;
        /// Once a day: what else has had its time.
        std::function<boost::asio::awaitable<Result<void>>()> daily = {};
        /// How long objects are kept: says how soon they have to be looked through for what has had its time.
        ObjectRetention kept = {};
        /// For looking through them, so that it is in nobody's way; `pool` when null.
        BlockingPool* sweeper = nullptr;
    };
    /// `warn` is told, in plain words, who is about to lose events and who has.
    Retention(Parts parts, RetentionSettings settings, std::function<void(const std::string&)> warn);

    /// Looks every `interval`.
    void start(std::chrono::milliseconds interval = std::chrono::seconds(10));
    boost::asio::awaitable<void> stop();

    boost::asio::awaitable<Result<RetentionPlan>> run_once();

    /// After a reload; counts from the next look on.
    void change(RetentionSettings settings) { settings_ = settings; }

    /// Whether the org's slowest integration holds back more than `org_backlog`: its writers are told to try later. As
    /// of the last look. Thread: any.
    bool over_backlog(std::string_view org) const;
    /// What an integration holds back of the log, as of the last look. Thread: any.
    DeliveryOptions::Backlog backlog_of(const std::string& id) const;

  private:
    boost::asio::awaitable<Result<void>> sweep_objects();
    boost::asio::awaitable<void> look_again_and_again(std::chrono::milliseconds interval);
    void warn_of(const RetentionPlan& plan);
    void publish(const RetentionPlan& plan);

    Parts parts_;
    RetentionSettings settings_;
    std::function<void(const std::string&)> warn_;
    std::map<std::string, int> warned_;  ///< how near the hard limit each integration was told to be, in tenths
    TaskGroup tasks_;
    SignalEvent stopping_;
    bool stopped_ = false;
    ObjectSweep sweep_;
    Timestamp day_begun_;

    std::atomic<bool> any_over_{false};
    mutable std::mutex mutex_;
    std::shared_ptr<const std::map<std::string, std::uint64_t, std::less<>>> over_;  ///< orgs over their backlog
    std::unordered_map<std::string, DeliveryOptions::Backlog> backlogs_;             ///< by integration
};

}  // namespace sluice
