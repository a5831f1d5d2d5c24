#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "delivery/engine.hpp"
#include "delivery/fair_turns.hpp"
#include "delivery/integration_runtime.hpp"
#include "delivery/router.hpp"
#include "delivery/shard_budget.hpp"
#include "delivery/wake_queue.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice {

/// One shard's part of delivery: its integrations, the router that feeds them, one timer for all that wait, and one
/// commit for all whose cursors moved. Thread: its shard, except where said. Lifecycle: stop() before it is destroyed.
class DeliveryShard : public std::enable_shared_from_this<DeliveryShard> {
  public:
    DeliveryShard(Shard& shard, EventLog& log, CursorStore& cursors, const DestinationRegistry& registry,
                  BlockingPool& reads, BlockingPool& writes, const Clock& clock, const DeliveryOptions& options,
                  DeliveryMetricsByType& metrics);
    ~DeliveryShard();

    Shard& shard() noexcept { return shard_; }

    /// What the log committed, in its order. Bounded: what does not fit is read from the log instead. Thread: the
    /// log's.
    void post(std::shared_ptr<const CommittedBatch> batch, std::size_t bytes);

    /// Before the first add() and post().
    void start(Sequence head) {
        routed_ = head;
        routed_for_others_.store(head, std::memory_order_relaxed);
    }
    /// What people wait for ends soon, and begins no more.
    void begin_stop(Deadline deadline);
    boost::asio::awaitable<void> stop(Deadline deadline);

    boost::asio::awaitable<Result<void>> add(IntegrationConfig config, bool paused);
    boost::asio::awaitable<Result<void>> remove(std::string id, bool keep_cursor);
    boost::asio::awaitable<Result<void>> replace(IntegrationConfig config);
    boost::asio::awaitable<Result<void>> try_start(IntegrationConfig config);
    boost::asio::awaitable<Result<void>> pause(std::string id, std::string reason);
    boost::asio::awaitable<Result<void>> resume(std::string id);
    boost::asio::awaitable<Result<IntegrationStatus>> status(std::string id);
    boost::asio::awaitable<std::vector<IntegrationStatus>> list();
    boost::asio::awaitable<Result<ProbeReport>> probe(std::string id, Deadline deadline);
    boost::asio::awaitable<Result<ProbeReport>> probe_new(IntegrationConfig config, Deadline deadline);
    boost::asio::awaitable<Result<EventPreview>> preview_new(IntegrationConfig config, std::optional<Event> event,
                                                             std::string rec_type);
    boost::asio::awaitable<Result<std::optional<DeliveryError>>> sample_new(IntegrationConfig config,
                                                                            Deadline deadline);
    boost::asio::awaitable<Result<DeadLetterPreview>> dead_letter(std::string id, LogPosition position);
    boost::asio::awaitable<Result<DeadLetterPage>> dead_letters(std::string id, DeadLetterFilter filter,
                                                                LogPosition after, std::size_t limit);
    boost::asio::awaitable<Result<DeadLetterOutcome>> redeliver(std::string id, DeadLetterFilter filter,
                                                                Deadline deadline);
    boost::asio::awaitable<Result<DeadLetterOutcome>> discard(std::string id, DeadLetterFilter filter);
    boost::asio::awaitable<Result<std::optional<DeliveryError>>> send_sample(std::string id, Deadline deadline);
    boost::asio::awaitable<Result<ReplayStatus>> replay(std::string id, SequenceRange range);
    boost::asio::awaitable<Result<void>> note_replay(std::string id, ReplayStatus replay);
    boost::asio::awaitable<std::vector<IntegrationCondition>> conditions();
    boost::asio::awaitable<double> accepted_per_second();
    boost::asio::awaitable<std::vector<IntegrationPosition>> positions();
    boost::asio::awaitable<Result<std::uint64_t>> overtake(Sequence keep_from);

    Sequence routed() const noexcept { return routed_for_others_.load(std::memory_order_relaxed); }

  private:
    struct Seat {
        std::shared_ptr<IntegrationRuntime> runtime;
        std::vector<const Event*> matched;  ///< of the batch being routed
        SteadyTime commit_after{};          ///< its cursor is large: not written before this
        SteadyTime refused_until{};         ///< the store refused it alone: not tried again before this
    };

    Result<std::shared_ptr<IntegrationRuntime>> make(IntegrationConfig config);
    Result<std::unique_ptr<Destination>> make_destination(const IntegrationConfig& config);
    std::shared_ptr<IntegrationRuntime> find(const std::string& id);
    void seat(std::shared_ptr<IntegrationRuntime> runtime);
    boost::asio::awaitable<void> unseat(std::shared_ptr<IntegrationRuntime> runtime, Deadline deadline);

    void route(const CommittedBatch& batch);
    void skip(Sequence first, Sequence last);

    boost::asio::awaitable<void> cut_operations(Deadline deadline);

    /// Gives a turn at reading that is over to who waits.
    void pass_turn_on();
    void changed(std::uint32_t number);
    boost::asio::awaitable<void> commit_soon();
    enum class Extent {
        due,    ///< large cursors only when it is their time; syncs when the checkpoint is due
        all,    ///< everything that changed
        synced  ///< everything, made durable
    };
    /// Commits what changed. One at a time; who comes meanwhile waits. Fails when nothing could be written; one that
    /// alone was refused says so itself.
    boost::asio::awaitable<Result<void>> commit(Extent extent);
    /// Commits all that changed; fails when this one's part could not be written.
    boost::asio::awaitable<Result<void>> commit_for(const IntegrationRuntime& runtime);
    boost::asio::awaitable<void> commit_letters(const IntegrationRuntime& runtime);
    bool may_commit_later(const Seat& seat, SteadyTime now) const;

    Shard& shard_;
    EventLog& log_;
    CursorStore& cursors_;
    const DestinationRegistry& registry_;
    BlockingPool& reads_;
    BlockingPool& writes_;
    const Clock& clock_;
    const DeliveryOptions& options_;
    DeliveryMetricsByType& metrics_;

    Router router_;
    WakeQueue wakes_;
    FairTurns turns_;  ///< at reading the log
    ShardBudget budget_;
    TaskGroup tasks_;
    std::map<std::string, std::uint32_t> numbers_;  ///< by id, sorted: lists are told in this order
    std::unordered_map<std::uint32_t, Seat> seats_;
    std::uint32_t next_number_ = 1;
    std::vector<std::uint32_t> touched_;
    RecentRate accepted_rate_;

    Sequence routed_ = 0;
    std::atomic<Sequence> routed_for_others_{0};
    std::atomic<std::size_t> queued_bytes_{0};

    std::unordered_set<std::uint32_t> changed_;
    bool commit_is_coming_ = false;
    bool committing_ = false;
    bool unsynced_ = false;
    bool ending_ = false;  ///< begin_stop() was called
    bool stopping_ = false;
    SignalEvent cut_now_;  ///< set by nobody: who waits for it waits for its deadline, or is cancelled by stop()
    SteadyTime synced_at_{};
    SignalEvent commit_now_;
    boost::asio::steady_timer commit_gate_;  ///< cancelled when a commit ends: wakes all who wait
};

}  // namespace sluice
