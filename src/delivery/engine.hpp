#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "delivery/condition.hpp"
#include "delivery/dead_letter_filter.hpp"
#include "delivery/delivery_metrics.hpp"
#include "delivery/event_preview.hpp"
#include "delivery/integration_config.hpp"
#include "delivery/status.hpp"
#include "destination/registry.hpp"
#include "log/event_log.hpp"
#include "net/blocking_pool.hpp"
#include "net/deadline.hpp"
#include "net/shard.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

/// Bounds and rhythms of delivery. The defaults suit thousands of integrations in one process.
struct DeliveryOptions {
    std::size_t memory_per_integration =
        8 << 20;  ///< bytes of events held for sending; beyond it the log is read again later
    /// What all integrations of a shard hold together, shared evenly between those that hold much: each has at least
    /// 256 KiB and 1,000 events.
    std::size_t memory_per_shard = 512 << 20;
    std::size_t held_events_per_shard = 2'000'000;
    std::size_t reads_at_a_time = 4;  ///< of a shard; orgs take turns, and integrations within an org
    std::size_t max_held_events =
        100'000;  ///< unsettled events remembered without their bytes (missing targets, held keys)
    std::size_t max_acknowledged_ranges = 10'000;  ///< settled ranges beyond the position, then `blocked`
    std::uint64_t max_dead_letters = 100'000;      ///< per integration, then `blocked`
    std::uint64_t max_dead_letter_bytes = 256 << 20;
    std::size_t feed_queue_bytes =
        64 << 20;  ///< committed events waiting for a shard; beyond it they are read from the log
    std::size_t read_page_bytes = 1 << 20;                ///< of one read of a laggard
    std::chrono::milliseconds commit_interval{50};        ///< cursors are written in groups this often
    std::chrono::milliseconds checkpoint_interval{1000};  ///< and made durable this often
    /// A cursor rests this long for each of its settled ranges before it is written again, at most checkpoint_interval.
    std::chrono::microseconds commit_pause_per_range{100};
    std::chrono::milliseconds deliver_timeout{30'000};  ///< deadline of one deliver() call
    std::size_t max_connections = 8;                    ///< per integration

    /// `on_dead_letter: pause` took effect: whoever keeps the list of integrations remembers it across restarts. Called
    /// on the integration's shard.
    std::function<void(const std::string& id, const std::string& reason)> on_paused;
    /// One that had a lag has freed megabytes; the allocator may keep them. Called on its shard: quick. May be empty.
    std::function<void()> on_memory_given_back;
    /// What an integration holds back of the log, for its status. Called on the integration's shard.
    struct Backlog {
        std::uint64_t bytes = 0;
        double of_hard_limit = 0;
    };
    std::function<Backlog(const std::string& id)> backlog_of;
    /// A replay has begun or ended. Called on the integration's shard.
    std::function<void(const std::string& id, const ReplayStatus& replay)> on_replay;
};

/// Where an integration stands, for retention.
struct IntegrationPosition {
    std::string id;
    std::string org;
    LogPosition position;
};

/// What became of dead letters that a person dealt with.
struct DeadLetterOutcome {
    std::uint64_t settled = 0;           ///< redelivered or discarded, and gone from the store
    std::uint64_t left = 0;              ///< looked at and still there: refused again, or held behind one that was
    bool complete = true;                ///< false when the deadline, or a stop, came first: asking again goes on
    std::optional<DeliveryError> error;  ///< why, for the latest of those left
};

/// What a replay is to send again.
struct ReplayRequest {
    std::optional<LogPosition> from = {};  ///< or
    std::optional<Timestamp> from_time = {};
    std::optional<LogPosition> to = {};  ///< the last wanted; or
    std::optional<Timestamp> to_time = {};
};

/// Delivers what the log commits to every integration. Owns the integrations' runtimes, each on one shard.
///
/// Thread: every function from any thread; awaitables resume on the caller's executor, whose io_context outlives the
/// shards (their threads let go of it a moment after a call has completed). Lifecycle: constructed before the log's
/// first append (it listens to commits), start() once the shards run, add() for each integration, stop() before the
/// shards stop; destroyed after stop() has completed.
class DeliveryEngine {
  public:
    /// `reads` serves laggards' reads of the log, `writes` cursors and dead letters; both outlive the engine.
    DeliveryEngine(ShardSet& shards, EventLog& log, CursorStore& cursors, const DestinationRegistry& registry,
                   BlockingPool& reads, BlockingPool& writes, const Clock& clock, DeliveryOptions options);
    ~DeliveryEngine();
    DeliveryEngine(const DeliveryEngine&) = delete;
    DeliveryEngine& operator=(const DeliveryEngine&) = delete;

    void start();
    /// Before the connections of those who ask are closed: redeliveries, discarding and samples begin no more and end
    /// as soon as they can, by the deadline at the latest. Live delivery goes on. stop() comes next.
    void begin_stop(Deadline deadline);
    /// No new deliveries; waits for those in flight until the deadline, then cancels them; commits and syncs all
    /// cursors.
    boost::asio::awaitable<void> stop(Deadline deadline);

    /// Begins to deliver: from its cursor when it has one, else from `config.start`. Errc::conflict when the id is in
    /// use; what the destination's factory refuses; Errc::corrupt when its cursor is ahead of the log.
    boost::asio::awaitable<Result<void>> add(IntegrationConfig config, bool paused = false);
    /// Stops and, unless `keep_cursor`, forgets cursor and dead letters. Completes when nothing of it is left running.
    boost::asio::awaitable<Result<void>> remove(std::string id, bool keep_cursor);
    /// Stops, then goes on with new settings from the same cursor, paused if it was. When the new settings cannot
    /// start, the old go on.
    boost::asio::awaitable<Result<void>> replace(IntegrationConfig config);

    /// Whether add() or replace() with these settings would work now; leaves no trace.
    boost::asio::awaitable<Result<void>> try_start(IntegrationConfig config);

    /// What is in flight finishes; nothing else is sent, and the backlog stays in the log. Idempotent.
    boost::asio::awaitable<Result<void>> pause(std::string id, std::string reason = "paused by a person");
    /// Also releases keys held by `on_dead_letter: hold_key` whose dead letters are gone. Idempotent.
    boost::asio::awaitable<Result<void>> resume(std::string id);

    boost::asio::awaitable<Result<IntegrationStatus>> status(std::string id);
    /// All of them, by id.
    boost::asio::awaitable<std::vector<IntegrationStatus>> list();

    /// Those that are not quiet, by shard and id: what a StateWatch looks at every second.
    boost::asio::awaitable<std::vector<IntegrationCondition>> conditions();

    /// The *test* call: of a running integration, or of settings that are not running yet.
    boost::asio::awaitable<Result<ProbeReport>> probe(std::string id, Deadline deadline);
    boost::asio::awaitable<Result<ProbeReport>> probe(IntegrationConfig config, Deadline deadline);

    /// What settings that are not running yet would send of `event`; of a sample of `rec_type` (empty: one that the
    /// filter asks for) when there is none. Nothing is sent.
    boost::asio::awaitable<Result<EventPreview>> preview(IntegrationConfig config, std::optional<Event> event,
                                                         std::string rec_type);
    /// Sends one marked event with settings that are not running yet. Completes as send_sample() of a running one does.
    boost::asio::awaitable<Result<std::optional<DeliveryError>>> send_sample(IntegrationConfig config,
                                                                             Deadline deadline);
    /// An event of the log. Errc::not_found when it is gone or not yet there.
    boost::asio::awaitable<Result<Event>> event(LogPosition position);
    /// The latest events that `filter` wants among the last few thousand of the log, oldest first. Bounded in number
    /// and bytes.
    boost::asio::awaitable<Result<std::vector<Event>>> latest_events(EventFilter filter);

    /// Those beyond `after` that `filter` wants, in the log's order, at most `limit`, and fewer when they are large.
    /// With a filter a page may have none, and yet a `next`: one call looks at a bounded number of them.
    boost::asio::awaitable<Result<DeadLetterPage>> dead_letters(std::string id, DeadLetterFilter filter,
                                                                LogPosition after, std::size_t limit);

    /// One of them with what sending it again would send. Errc::not_found when there is none.
    boost::asio::awaitable<Result<DeadLetterPreview>> dead_letter(std::string id, LogPosition position);

    /// Sends dead letters again, in the log's order, keys kept in order, at the integration's pace: what is accepted
    /// leaves the store; what is refused again stays; what fails for a while is tried again until the deadline. With
    /// `on_dead_letter: hold_key` the keys whose dead letters are all gone go on. Errc::conflict while another
    /// redelivery, discarding or replay of the integration is under way.
    boost::asio::awaitable<Result<DeadLetterOutcome>> redeliver(std::string id, DeadLetterFilter filter,
                                                                Deadline deadline);
    /// Throws dead letters away. Errc::conflict as above. Ends before it is complete when the integration stops, or its
    /// settings change.
    boost::asio::awaitable<Result<DeadLetterOutcome>> discard(std::string id, DeadLetterFilter filter);

    /// Sends one marked event (`"sluice_sample":true` in its data) ahead of the backlog; it is not in the log.
    /// Completes with nothing when it was accepted, else with why not.
    boost::asio::awaitable<Result<std::optional<DeliveryError>>> send_sample(std::string id, Deadline deadline);
    /// Begins to send what matches in [from, to] again, in order per key, beside the live events. While those have
    /// something to send, the replay takes at most a fifth of the time, and always at most a fifth of the rate limits.
    /// Errc::conflict while paused, or while another replay or redelivery runs; Errc::invalid_argument for a range that
    /// ends before it begins or lies in the future; Errc::not_found for one that the log has let go. status() tells how
    /// far it is. It ends with the process; whoever keeps the list remembers it (DeliveryOptions::on_replay).
    boost::asio::awaitable<Result<ReplayStatus>> replay(std::string id, ReplayRequest request);
    /// Tells status() of a replay that a restart ended.
    boost::asio::awaitable<Result<void>> note_replay(std::string id, ReplayStatus replay);
    /// The first event committed at or after `time`, or what will come next.
    boost::asio::awaitable<Result<LogPosition>> position_at(Timestamp time);

    /// How far each integration has come, paused ones too: what retention must keep.
    boost::asio::awaitable<std::vector<IntegrationPosition>> positions();
    /// The log is about to let go of everything before `keep_from`: what an integration has not settled there is
    /// recorded as lost, durably. Completes with the number of events lost.
    boost::asio::awaitable<Result<std::uint64_t>> overtake(Sequence keep_from);

    /// Events that the log committed, over the last minute.
    boost::asio::awaitable<double> accepted_per_second();
    /// By type of destination, since start.
    std::map<std::string, DeliveryMetricsByType::Counts> metrics() const;
    /// The log's head as delivery has seen it.
    LogPosition head() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
