#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "delivery/delivery_metrics.hpp"
#include "delivery/engine.hpp"
#include "delivery/integration_config.hpp"
#include "delivery/lane.hpp"
#include "delivery/message_slots.hpp"
#include "delivery/recent_rate.hpp"
#include "delivery/shard_budget.hpp"
#include "delivery/status.hpp"
#include "net/blocking_pool.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice {

/// What a runtime uses of its shard. Everything outlives the runtimes.
struct RuntimeSurroundings {
    boost::asio::io_context& io;
    EventLog& log;
    CursorStore& cursors;
    BlockingPool& reads;
    BlockingPool& writes;
    const Clock& clock;
    const DeliveryOptions& options;
    std::function<Sequence()> routed;  ///< the last sequence this shard's router has seen
    std::function<void(SteadyTime, std::uint32_t)> wake_at;
    std::function<void(std::uint32_t)> changed;  ///< its cursor is to be committed
    /// True when it may read the log now; else take_turn() is called when it may. end_turn() when it has read.
    std::function<bool(const std::string& org, std::uint32_t)> ask_turn;
    std::function<void()> end_turn;
    ShardBudget& budget;
    DeliveryMetrics& metrics;  ///< of its type of destination
};

/// One integration at work: feeds its lane, hands batches to its destination, keeps its cursor up to date.
///
/// While it keeps up it is fed from memory, once per event. When its lane has no room it stops listening and reads the
/// log on its own, page by page, as room comes; when a page ends where the router is, it listens again. What is
/// committed while that last page is read is set aside and fed after it, so that there is neither a gap nor a repeat.
///
/// Thread: its shard. Lifecycle: made, start(), then fed; stop() before it is destroyed.
class IntegrationRuntime {
  public:
    IntegrationRuntime(std::uint32_t number, IntegrationConfig config, std::unique_ptr<Destination> destination,
                       PayloadRenderer renderer, TextTemplate key, RuntimeSurroundings surroundings);
    ~IntegrationRuntime();

    /// Loads or makes the cursor. The router counts matches from `routed()` as it is when this is called. After a
    /// failure it may be called again.
    boost::asio::awaitable<Result<void>> start(bool paused);
    /// The same, again and again until it works or stop() is called; status() says why it does not yet.
    void start_when_possible(bool paused);
    /// Whether start() would work now; leaves no trace.
    boost::asio::awaitable<Result<void>> try_start();
    /// It ends soon: what people asked for ends as soon as it can, and begins no more. What is in flight is waited for
    /// until the deadline at the latest.
    void end_operations(Deadline deadline);
    /// What is sent for them is cancelled.
    void cut_operations();
    bool is_ending() const noexcept { return ending_; }
    /// Nothing new is sent; what is in flight is waited for until the deadline, then cancelled. Completes when nothing
    /// of it runs; its cursor is left to take_commit().
    boost::asio::awaitable<void> stop(Deadline deadline);

    /// Committed events that match, in the log's order, none left out; `routed()` has not moved past them yet. False
    /// when they were only counted: it reads the log, at its own time.
    bool feed(std::span<const Event* const> events);
    /// The router could not be given [first, last]: they have to be read and counted.
    void skipped(Sequence first, Sequence last);
    /// Looks for something to do. Cheap when there is nothing.
    void pump();
    void woken();
    /// It may read the log now; false when there is nothing to read any more, and the turn is the next one's.
    bool take_turn();

    void pause(std::string reason);
    boost::asio::awaitable<Result<void>> resume();
    /// Before its start: paused, or not, as the one whose place it takes; and what became of that one's replay.
    void take_over(const IntegrationRuntime& before);

    /// What is to be committed since the last time; nullopt when nothing changed.
    std::optional<CursorStore::Commit> take_commit();
    /// What was taken is stored, up to this position.
    void note_stored(Sequence position);
    /// It could not be committed: its dead letters go with the next.
    void put_back(CursorStore::Commit commit, Error why);
    /// Why what was taken last could not be stored; nullopt when it was.
    const std::optional<Error>& store_error() const noexcept { return store_error_; }

    boost::asio::awaitable<IntegrationStatus> status();
    /// Without its id.
    IntegrationCondition condition() const;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline);
    /// A page ends at `limit`, or with the letter with which it comes to `most_bytes`.
    boost::asio::awaitable<Result<DeadLetterPage>> dead_letters(DeadLetterFilter filter, LogPosition after,
                                                                std::size_t limit,
                                                                std::size_t most_bytes = CursorStore::kPageBytes);
    /// What was dealt with before is committed. Errc::conflict while a redelivery, discarding or replay is under way.
    boost::asio::awaitable<Result<DeadLetterOutcome>> redeliver(DeadLetterFilter filter, Deadline deadline);
    boost::asio::awaitable<Result<std::optional<DeliveryError>>> send_sample(Deadline deadline);
    /// The dead letter at this position with what sending it again would send; Errc::not_found when there is none.
    boost::asio::awaitable<Result<DeadLetterPreview>> dead_letter(LogPosition position);
    Result<ReplayStatus> replay(SequenceRange range);
    void note_replay(ReplayStatus replay) { replay_ = std::move(replay); }
    /// stop() waits for these.
    class Operation {
      public:
        explicit Operation(IntegrationRuntime& runtime) : runtime_(runtime) { ++runtime_.operations_; }
        ~Operation() {
            if (--runtime_.operations_ == 0) runtime_.operations_done_.set();
        }
        Operation(const Operation&) = delete;
        Operation& operator=(const Operation&) = delete;

      private:
        IntegrationRuntime& runtime_;
    };
    /// Keeps others from dealing with its dead letters; nullopt when somebody does already.
    class LettersHold {
      public:
        explicit LettersHold(IntegrationRuntime& runtime) : runtime_(&runtime) { runtime.letters_held_ = true; }
        LettersHold(LettersHold&& other) noexcept : runtime_(std::exchange(other.runtime_, nullptr)) {}
        LettersHold& operator=(LettersHold&&) = delete;
        ~LettersHold() {
            if (runtime_) runtime_->letters_held_ = false;
        }

      private:
        IntegrationRuntime* runtime_;
    };
    std::optional<LettersHold> hold_letters() {
        return letters_held_ ? std::nullopt : std::optional<LettersHold>(std::in_place, *this);
    }
    /// Throws dead letters away.
    void discard(std::span<const DeadLetter> letters);
    /// Lets keys go on that were held for dead letters which are no longer there. What was given up is committed
    /// before.
    boost::asio::awaitable<Result<void>> refresh_held_keys();
    Sequence position();
    /// What the log need not keep for it any more: its position, or while that cannot be stored the one that is.
    Sequence stored_position() { return store_error_ ? std::min(stored_position_, position()) : position(); }
    /// The log is about to let go of everything before `keep_from`: how many events were lost by that.
    boost::asio::awaitable<Result<std::uint64_t>> overtake(Sequence keep_from);

    const IntegrationConfig& config() const noexcept { return config_; }
    std::uint32_t number() const noexcept { return number_; }
    bool paused() const noexcept { return lane_ ? lane_->paused() : start_paused_; }
    /// Settled ranges that its cursor carries: what writing it costs.
    std::size_t range_count() const noexcept { return lane_ ? lane_->range_count() : 0; }
    /// Events that it has memory for.
    std::size_t slot_count() const noexcept { return lane_ ? lane_->slot_count() : 0; }
    bool has_started() const noexcept { return lane_ != nullptr; }
    std::size_t uncommitted_dead_letters() const noexcept { return dead_letters_.size(); }
    bool has_uncommitted_letters() const noexcept { return !dead_letters_.empty() || !erased_dead_letters_.empty(); }
    const std::string& pause_reason() const noexcept { return pause_reason_; }

  private:
    enum class Mode {
        fed,      ///< listens to the router
        reading,  ///< reads the log; the router only counts for it
    };

    struct Stored {
        Cursor cursor;
        CursorStore::DeadLetterTotals totals;
        TakenTargets targets;
        std::uint64_t unsettled = 0;  ///< events that match, up to the router's last
        std::uint64_t lost = 0;       ///< events that the log let go of meanwhile; in the cursor's ledger already
        bool is_new = false;
    };
    boost::asio::awaitable<Result<Stored>> load(Sequence routed);
    boost::asio::awaitable<Result<Lane::KeyNames>> keys_of_dead_letters();
    boost::asio::awaitable<void> start_patiently();
    LaneOptions lane_options() const;
    void make_lane(const Cursor& cursor, CursorStore::DeadLetterTotals totals);
    void forget_memory();

    // integration_reading.cpp
    void feed_events(std::span<const Event* const> events);
    void feed_all(const std::vector<Event>& events);
    void feed_one(const Event& event, SteadyTime at);
    void set_aside(std::span<const Event* const> events);
    void read_on();
    bool wants_page();
    bool begin_read();
    void end_read();
    void keep_within_budget();
    boost::asio::awaitable<void> read_page(ReadRequest request, std::uint64_t epoch);
    void take_page(ReadPage page, Sequence from, Sequence to);
    boost::asio::awaitable<void> load_bytes(std::vector<std::pair<SlotIndex, Sequence>> wanted, std::uint64_t epoch);
    boost::asio::awaitable<void> count_skipped();

    // integration_runtime.cpp
    boost::asio::awaitable<void> deliver(BatchIndex batch);
    void observe(std::span<const Message> messages, std::span<const Verdict> verdicts, SteadyTime begun);
    void recall_targets(TakenTargets before);
    void keep_targets(std::span<const Message> messages, std::span<const Verdict> verdicts);
    bool has_new_targets() const noexcept;
    void keep_up_with_router();
    void drain();
    void give_back_idle_memory();
    void keep_dead_letter(const LaneDeadLetter& dead);
    void ask_to_wake();
    bool may_send() const noexcept { return !stopping_ && !(store_error_ && dead_letters_.size() > 1000); }
    SteadyTime now() const { return around_.clock.steady_now(); }
    Timestamp wall(SteadyTime at) const;
    DeliveryError describe(const Failure& failure, SteadyTime at, SteadyTime next_attempt) const;
    std::unique_ptr<MessageSlots> make_slots() const;
    void forget_letters(const CursorStore::DeadLetterTotals& removed, bool redelivered);
    // integration_side.cpp: what is sent beside the lane's own batches, one batch at a time, whose keys the lane leaves
    // alone meanwhile: the destination never holds a key twice.
    struct SideLane;
    boost::asio::awaitable<std::optional<BatchIndex>> side_turn(SideLane& side, Deadline deadline);
    boost::asio::awaitable<void> side_send(std::span<const Message> messages, Deadline deadline,
                                           std::vector<Verdict>* verdicts);
    boost::asio::awaitable<std::vector<Verdict>> side_deliver(SideLane& side, std::vector<SlotIndex> slots,
                                                              Deadline deadline);
    LaneOptions side_options() const;
    boost::asio::awaitable<Result<std::optional<LogPosition>>> feed_letters(SideLane& side, DeadLetterFilter filter,
                                                                            LogPosition after, std::size_t room);
    void settle_letters(SideLane& side, BatchIndex batch, std::span<const SlotIndex> sent,
                        std::span<const Verdict> verdicts);
    boost::asio::awaitable<void> run_replay(SequenceRange range);
    boost::asio::awaitable<bool> feed_replay(SideLane& side, Sequence& next, Sequence to);
    void end_replay(Sequence to);
    boost::asio::awaitable<double> lag_seconds();
    IntegrationState state() const;
    std::uint64_t matched() const;

    const std::uint32_t number_;
    IntegrationConfig config_;
    std::unique_ptr<Destination> destination_;
    RuntimeSurroundings around_;
    PayloadRenderer renderer_;
    TextTemplate key_;
    std::unique_ptr<MessageSlots> slots_;
    std::unique_ptr<Lane> lane_;
    TaskGroup tasks_;
    SignalEvent lent_free_;        ///< something that was in flight is not any more
    SignalEvent drained_;          ///< the same, for stop()
    SignalEvent operations_done_;  ///< nothing that people asked for uses the destination
    std::size_t operations_ = 0;
    bool beside_ = false;        ///< a replay, redelivery or sample is under way
    bool letters_held_ = false;  ///< somebody deals with the dead letters
    SignalEvent side_wake_;
    TaskGroup* side_sending_ = nullptr;  ///< the batch under way beside
    SignalEvent count_again_;
    std::optional<ReplayStatus> replay_;

    Mode mode_ = Mode::reading;
    bool ending_ = false;  ///< what people asked for ends
    bool stopping_ = false;
    Deadline end_by_ = Deadline::never();  ///< what is in flight is not waited for beyond this, once it stops
    bool overtaking_ = false;              ///< no reading while what is lost is counted
    bool page_in_flight_ = false;
    std::vector<Event> aside_;  ///< committed while the last page is read
    std::size_t aside_bytes_ = 0;
    bool aside_overflowed_ = false;
    std::uint64_t epoch_ = 0;  ///< grows when the lane is made anew: what comes late for the old one is ignored
    std::vector<std::pair<SlotIndex, Sequence>> wanted_;
    bool waits_for_turn_ = false;
    bool reads_ = false;  ///< has a turn
    bool counts_as_heavy_ = false;
    SteadyTime read_again_at_{};
    SteadyTime look_at_memory_ = SteadyTime::max();  ///< when it may be given back, if it is not used until then
    std::uint64_t most_pending_ = 0;                 ///< since that was set
    SteadyTime wake_asked_ = SteadyTime::max();

    std::uint64_t matched_ = 0;  ///< up to the router's last, read or not
    std::uint64_t start_attempt_ = 0;
    std::vector<SequenceRange> skipped_;  ///< ranges whose matches are not in matched_ yet
    bool counting_ = false;               ///< some are being counted
    std::vector<DeadLetter> dead_letters_;
    std::vector<LogPosition> erased_dead_letters_;
    std::size_t targets_committed_ = 0;  ///< of those that the destination's target_names() keep
    std::optional<Error> store_error_;
    Sequence stored_position_ = 0;
    bool commit_wanted_ = false;  ///< although nothing changed: the store does not have it
    CursorStore::DeadLetterTotals dead_letter_totals_;
    std::uint64_t lost_before_ = 0;  ///< when it was started
    bool paused_by_dead_letter_ = false;
    std::string pause_reason_;
    bool start_paused_ = false;
    std::string start_error_;  ///< why start() did not work, while it is tried again
    std::optional<Timestamp> last_delivery_;
    RecentRate delivered_rate_;
    RecentRate accepted_rate_;  ///< events that came from the log's lane
    RecentRate latency_rate_;   ///< microseconds that those waited, summed up
    std::array<std::uint64_t, kErrorClasses.size()> errors_{};
    /// When the event was committed that lag_seconds() was last counted from: asked for again and again while nothing
    /// moves, and then not read from the log again.
    std::pair<Sequence, Timestamp> oldest_unsettled_{};
    std::string read_error_;  ///< why the log could not be read, while that lasts
};

}  // namespace sluice
