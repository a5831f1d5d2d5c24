#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "delivery/backoff.hpp"
#include "delivery/service_pace.hpp"
#include "delivery/settings.hpp"
#include "delivery/status.hpp"
#include "delivery/token_bucket.hpp"
#include "delivery/unsettled_events.hpp"
#include "destination/destination.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

using TargetIndex = std::uint32_t;
using BatchIndex = std::uint32_t;

struct LaneOptions {
    Limits limits;
    bool keyed = true;
    OnDeadLetter on_dead_letter = OnDeadLetter::proceed;
    BatchSettings batch;
    RateSettings rate;
    RetrySettings retry;
    std::chrono::nanoseconds first_backoff = std::chrono::milliseconds(100);
    std::size_t memory_bytes = 8 << 20;   ///< of events held with their records, kEventOverhead each included
    std::size_t max_unsettled = 100'000;  ///< with those held without their bytes
    std::size_t max_ranges = 10'000;      ///< settled ranges beyond the position
    std::uint64_t max_dead_letters = 100'000;
    std::uint64_t max_dead_letter_bytes = 256 << 20;
    std::uint64_t seed = 1;  ///< of the jitter
};

/// What an event in memory costs beside its record: slot, key, handle.
inline constexpr std::size_t kEventOverhead = 256;

/// An event as the lane sees it. Its bytes stay with the caller, by slot.
struct LaneEvent {
    Sequence sequence = 0;
    std::uint64_t key_hash = 0;  ///< a collision merely makes two keys wait for each other
    TargetIndex target = 0;
    std::uint32_t size = 0;        ///< as the destination counts it against its limits
    std::uint32_t body_bytes = 0;  ///< what is delivered
    std::uint32_t held_bytes = 0;  ///< what is held for it: the record, and the body where that is no part of it
};

/// An event that the lane gave up on. The caller still has its bytes until it drains what was released.
struct LaneDeadLetter {
    SlotIndex slot = kNoSlot;
    Sequence sequence = 0;
    TargetIndex target = 0;
    std::uint32_t attempts = 0;
    std::shared_ptr<const Failure> failure;
};

/// Decides, for one integration, what may be sent now, what has to wait, and how far the cursor is. A pure state
/// machine: it does no I/O, has no clock, and holds no event's bytes. docs/delivery.md explains the rules and why they
/// keep product.md's promises; lane_sim_test.cpp tries to break them.
///
/// The caller's cycle: feed() or advance() what was read, next_batch() until it says no, hand each batch to the
/// destination and its verdicts to settle(), call again at wake_at(). After any of these: take_dead_letters(),
/// drain_released(), drain_parked(), drain_wanted().
///
/// Thread: the integration's shard. Time never goes backwards between calls.
class Lane {
  public:
    /// A key is kept in order within its target: two targets have no order between them.
    struct KeyName {
        std::uint64_t hash = 0;
        TargetIndex target = 0;
        friend bool operator==(const KeyName&, const KeyName&) = default;
    };
    struct KeyNameHash {
        std::size_t operator()(const KeyName& name) const noexcept {
            return name.hash ^ ((name.target + 1) * 0x9e3779b97f4a7c15u);
        }
    };
    using KeyNames = boost::unordered_flat_set<KeyName, KeyNameHash>;

    /// Takes up where `cursor` stands. `dead_letters`: what the store holds already.
    Lane(const LaneOptions& options, const Cursor& cursor, CursorStore::DeadLetterTotals dead_letters, SteadyTime now);

    // Reading.

    /// Events are fed in the log's order, from read_position() + 1 on.
    Sequence read_position() const noexcept { return unsettled_.read_position(); }
    /// Everything up to here is settled or does not match.
    Sequence position() const noexcept { return unsettled_.position(); }
    /// False when a bound is reached, or when it could not send what it has already: then events are left in the log.
    /// Feeding on is allowed (a read page may overshoot), asking for more is not.
    bool wants_more(SteadyTime now) const noexcept;
    /// Some keys, targets or all of it are not being sent: what belongs to them stays for a while.
    bool holds_something_back() const noexcept;
    /// It wants no more, although it could send others, because all that it holds waits: for a key's or target's
    /// back-off, or behind a dead letter. Who holds it elsewhere too may overtake() it.
    bool is_full_of_what_waits() const noexcept;
    /// How many events to read at a time. Where it may send only so many a second: what it has use for soon, and none
    /// while half of that is still held, so that it is not read for event by event.
    std::uint64_t worth_reading() const noexcept;
    /// Lets go of the bytes of events that cannot be sent for a while, so that others can be read: they come back
    /// through drain_wanted(). True when the lane wants more then.
    bool make_room(SteadyTime now);
    /// kNoSlot when the event was settled in a former life.
    SlotIndex feed(const LaneEvent& event, SteadyTime now);
    /// An event that can never be sent (a template without a value). It becomes a dead letter when its turn comes.
    SlotIndex feed_undeliverable(const LaneEvent& event, std::shared_ptr<const Failure> why, SteadyTime now);
    /// Nothing (more) up to `to` matches.
    void advance(Sequence to);
    /// The log let go of everything before `keep_from`: what is unsettled there is lost, and so are `unread_lost`
    /// events that were never fed. What is in flight is counted as lost too, whatever its verdict.
    void overtake(Sequence keep_from, std::uint64_t unread_lost, SteadyTime now);
    /// The log went on without us and nobody counted (a cursor that was kept and came back late): told as a lost range.
    void gone(Sequence keep_from, SteadyTime now);

    // Sending.

    /// The next batch to hand over now, if there is one.
    std::optional<BatchIndex> next_batch(SteadyTime now);
    std::span<const SlotIndex> batch(BatchIndex index) const;
    /// One verdict for each event of the batch, in its order.
    void settle(BatchIndex index, std::span<const Verdict> verdicts, SteadyTime now);
    /// When next_batch() may have something that it has not now; SteadyTime::max() when only a call can change that.
    SteadyTime wake_at() const;

    /// Something else was sent to the same destination: it counts against the rate limits.
    void spend(std::uint64_t events, std::uint64_t bytes) noexcept {
        event_rate_.take(events);
        byte_rate_.take(bytes);
    }

    /// So much of what was sent beside had no clear answer: it may arrive once more.
    void count_possible_duplicates(std::uint64_t events) noexcept {
        ledger_.duplicates_possible += events;
        dirty_ = dirty_ || events > 0;
    }

    // What else is sent to the same destination meanwhile (a replay, a dead letter again).

    /// A batch of these keys is about to be sent beside this lane's own: none of them is sent from here until
    /// take_back(), and one batch less may be under way.
    void lend(std::vector<KeyName> keys);
    /// Whether that batch may be sent: nothing of its keys is under way any more, and neither are too many batches.
    bool lent_is_free() const;
    bool is_lending() const noexcept { return lending_; }
    void take_back(SteadyTime now);
    KeyName key_of(SlotIndex slot) const noexcept {
        return {keys_[slots_[slot].key].hash, keys_[slots_[slot].key].target};
    }

    void pause(std::string reason);
    void resume() noexcept;
    bool paused() const noexcept { return paused_; }
    /// Whether `on_dead_letter: pause` paused it since this was last asked.
    bool take_paused_by_dead_letter() { return std::exchange(paused_by_dead_letter_, false); }

    /// A key whose dead letter is still there (`on_dead_letter: hold_key`), at start. Before the first feed().
    void hold_key(std::uint64_t key_hash, TargetIndex target);
    /// The keys held at the moment.
    std::vector<KeyName> held_keys() const;
    /// Their dead letters were dealt with: these keys go on. Those that are not held are passed over.
    void release_keys(std::span<const KeyName> keys, SteadyTime now);
    /// What they truly occupy, as their owner counts it: here each counts with all that is held for it until then, so
    /// that the bound holds also before they are taken.
    void recount_dead_letters(CursorStore::DeadLetterTotals totals) noexcept { dead_letter_totals_ = totals; }
    /// So many dead letters were redelivered or thrown away, and `left` is what is left: room for new ones.
    void dead_letters_removed(std::uint64_t removed, CursorStore::DeadLetterTotals left, bool redelivered,
                              SteadyTime now);

    // Bytes.

    /// What was given up since the last call. To be committed together with the cursor, and asked for before
    /// drain_released().
    std::vector<LaneDeadLetter> take_dead_letters() { return std::exchange(dead_letters_, {}); }
    /// Calls `f(slot)` for each event whose bytes are no longer needed; its slot is used again afterwards.
    template <class F>
    void drain_released(F&& f) {
        SLUICE_ASSERT(dead_letters_.empty(), "dead letters are taken while their bytes are there");
        for (SlotIndex slot : released_) f(slot);
        free_slots_.insert(free_slots_.end(), released_.begin(), released_.end());
        released_.clear();
    }
    /// Calls `f(slot)` for each event whose bytes can go for now.
    template <class F>
    void drain_parked(F&& f) {
        for (SlotIndex slot : parked_) f(slot);
        parked_.clear();
    }
    bool has_drainable() const noexcept { return !dead_letters_.empty() || !parked_.empty() || !released_.empty(); }
    /// Calls `f(slot, sequence)` for each event whose bytes are wanted back; loaded() or missing() answers.
    template <class F>
    void drain_wanted(F&& f) {
        for (SlotIndex slot : std::exchange(wanted_, {})) f(slot, slots_[slot].sequence);
    }
    void loaded(SlotIndex slot, SteadyTime now);
    /// The log no longer has it: lost.
    void missing(SlotIndex slot, SteadyTime now);

    // Telling.

    /// True when cursor() has changed since it was last taken.
    bool dirty() const noexcept { return dirty_; }
    /// Cursor and ledger, true together at any moment; to be committed with all dead letters taken before.
    Cursor take_cursor();
    Cursor cursor() const;

    const std::vector<SequenceRange>& lost_ranges() const noexcept { return lost_; }
    const Ledger& ledger() const noexcept { return ledger_; }
    /// Events fed and not settled. `matched_read() == ledger().settled() + pending()`, always (asserted with each
    /// cursor).
    std::uint64_t pending() const noexcept { return unsettled_.size(); }
    /// Settled ranges beyond the position, as cursor() would give them.
    std::size_t range_count() const noexcept { return unsettled_.range_count(); }
    std::uint64_t matched_read() const noexcept { return matched_; }
    Sequence oldest_pending() const noexcept {
        return unsettled_.size() == 0 ? 0 : unsettled_.sequence(unsettled_.oldest());
    }
    std::size_t in_flight_events() const noexcept { return in_flight_events_; }
    std::size_t in_flight_batches() const noexcept { return in_flight_batches_; }
    std::size_t resident_bytes() const noexcept { return resident_bytes_; }
    std::size_t key_count() const noexcept { return keys_.size() - free_keys_.size(); }

    SlotIndex oldest_pending_slot() const noexcept { return unsettled_.oldest(); }
    Sequence sequence_of(SlotIndex slot) const noexcept { return slots_[slot].sequence; }

    IntegrationState state(SteadyTime now) const;
    std::string state_reason(SteadyTime now) const;

    struct LastFailure {
        std::shared_ptr<const Failure> failure;
        SteadyTime at{};
        SteadyTime next_attempt{};  ///< in the past when nothing waits for it any more
    };
    const std::optional<LastFailure>& last_failure() const noexcept { return last_failure_; }
    /// What a lane before this one had to tell: people still ask.
    void recall_failure(std::optional<LastFailure> last) { last_failure_ = std::move(last); }

    struct RefusingTarget {
        TargetIndex target = 0;
        std::shared_ptr<const Failure> failure;
        SteadyTime since{};
        SteadyTime last{};
        SteadyTime next_attempt{};
        std::uint64_t pending = 0;
    };
    /// At most so many: those that most events wait for, and of them the ones that have refused longest.
    std::vector<RefusingTarget> refusing_targets(std::size_t most) const;
    std::size_t refusing_count() const noexcept;
    /// Its share of what all integrations of a shard may hold. Lowered, it reads nothing more until it is within it.
    void set_bounds(std::size_t memory_bytes, std::size_t max_unsettled) noexcept {
        options_.memory_bytes = memory_bytes;
        options_.max_unsettled = max_unsettled;
    }
    /// The destination as a whole, or the only target it has, has refused for a while.
    bool is_dormant() const noexcept {
        return (failing_ && failures_ >= kDormantAfter) ||
               (options_.limits.fixed_target && std::any_of(targets_.begin(), targets_.end(), [](const Target& each) {
                    return each.refusing && each.failures >= kDormantAfter;
                }));
    }
    /// Events that there is memory for, held or not.
    std::size_t slot_count() const noexcept { return slots_.size(); }
    /// When nothing is held at all: lets go of the memory for as many events as it once held. True when it did; the
    /// caller then forgets every slot too.
    bool give_back_memory();
    /// Lets go of bytes until no more than `keep` are held; they come back through drain_wanted().
    void let_go(std::size_t keep);

    /// closed: sends as it likes. open: the destination refuses, nothing is sent until a time. half_open: one event at
    /// a time is sent to see whether it accepts again.
    enum class Breaker { closed, open, half_open };
    Breaker breaker(SteadyTime now) const noexcept;
    static std::string_view name_of(Breaker breaker) noexcept;

    /// The destination has learnt what it takes (a probe read the service's own limits): holds for what is fed and sent
    /// from here on. How events of a key share a batch stays as it was made.
    void change_limits(const Limits& limits);

    /// True when nothing of this target is pending and it is not refusing: its index may name another one.
    bool target_is_idle(TargetIndex target) const noexcept;

  private:
    using KeyIndex = std::uint32_t;
    using GroupIndex = std::uint32_t;
    static constexpr std::uint32_t kNone = ~std::uint32_t(0);
    static constexpr SteadyTime kNever = SteadyTime::max();
    static constexpr std::uint32_t kDormantAfter = 3;  ///< failures of the whole destination in a row

    enum SlotFlag : std::uint8_t {
        kResident = 1,  ///< the caller holds its bytes
        kLost = 2,      ///< overtaken; settled, but still in its key's queue
        kDoomed = 4,    ///< becomes a dead letter when its turn comes (doomed_ says why)
        kDone = 8,      ///< settled by the verdicts being looked at
        kAlone = 16,    ///< between the safe and the absolute limit
        kWanted = 32,   ///< its bytes were asked for
    };
    struct Slot {
        Sequence sequence = 0;
        std::uint32_t size = 0;
        std::uint32_t body_bytes = 0;
        std::uint32_t held_bytes = 0;
        KeyIndex key = kNone;
        SlotIndex next = kNoSlot;  ///< in its key's queue
        SteadyTime first_failure{};
        std::uint16_t attempts = 0;
        std::uint16_t batch_cap = 0;  ///< largest batch it may be part of, after a batch was refused whole; 0: any
        std::uint8_t flags = 0;
    };

    /// What the verdicts of a batch mean for a key, the weightiest wins.
    enum class Outcome : std::uint8_t { none, again, lane, target, key };
    enum class KeyState : std::uint8_t {
        idle,   ///< no events (only while it changes hands, or held)
        ready,  ///< in a group's list
        in_flight,
        delayed,  ///< backs off on its own
        waiting,  ///< in its target's list: the target refuses
        loading,  ///< bytes are being read again
        held,     ///< on_dead_letter: hold_key
        stuck,    ///< no room for its dead letter
        lent,     ///< ready, but being sent by something else
    };
    struct Key {
        std::uint64_t hash = 0;
        SteadyTime ready_since{};
        SlotIndex head = kNoSlot;
        SlotIndex tail = kNoSlot;
        std::uint32_t count = 0;
        std::uint32_t in_flight = 0;  ///< of the first in its queue
        std::uint32_t loading = 0;
        TargetIndex target = 0;
        KeyIndex next = kNone;  ///< in the list it is in
        std::uint32_t retry_after_ms = 0;
        std::uint32_t failures = 0;
        std::uint64_t size = 0;      ///< of the events in its queue, as the destination counts
        std::uint64_t resident = 0;  ///< bytes of those in memory
        KeyState state = KeyState::idle;
        Outcome outcome = Outcome::none;
    };
    struct KeyList {
        KeyIndex head = kNone;
        KeyIndex tail = kNone;
        bool empty() const noexcept { return head == kNone; }
    };

    /// What can be sent in one batch: a target, or all of them where batches may mix.
    enum ReadyList { kLoadedList, kRetryList, kFreshList, kReadyLists };
    enum class Schedule : std::uint8_t { none, gathering, due };
    struct Group {
        KeyList ready[kReadyLists];
        std::uint64_t ready_events = 0;
        std::uint64_t ready_bytes = 0;
        std::uint32_t retries_in_a_row = 0;  ///< so that the new are not starved by the retried
        Schedule schedule = Schedule::none;
        std::uint32_t careful_events = 0;  ///< largest batch after an answer that was not clear; 0: any
        bool wants_room = false;           ///< in groups_wanting_room_
        bool waits_for_pace = false;       ///< has a timer for when the service is ready for more
        GroupIndex previous = kNone;
        GroupIndex next = kNone;
        SteadyTime since{};
        ServicePace pace;
    };
    struct GroupList {
        GroupIndex head = kNone;
        GroupIndex tail = kNone;
    };

    struct Target {
        bool known = false;
        bool refusing = false;
        std::uint32_t failures = 0;   ///< in a row, for the back-off
        std::uint32_t fruitless = 0;  ///< batches in a row without an answer to any event
        std::uint32_t in_flight = 0;  ///< batches
        SteadyTime hold_until{};
        SteadyTime since{};
        SteadyTime last{};
        std::uint32_t keys = 0;  ///< that there are, held ones without events too
        std::uint64_t pending = 0;
        std::uint64_t resident = 0;  ///< bytes in memory
        KeyList waiting;             ///< only where batches mix targets
        std::shared_ptr<const Failure> failure;
        // Of the batch being settled:
        bool answered = false;  ///< some event was accepted or rejected: the target is there
        bool refused = false;   ///< some verdict concerns the whole target
        std::uint32_t retried = 0;
        KeyIndex one_key = kNone;
        bool many_keys = false;
        std::uint32_t batch_retry_after_ms = 0;
        std::shared_ptr<const Failure> batch_failure;
    };

    struct Batch {
        bool open = false;
        std::vector<SlotIndex> slots;
        std::vector<TargetIndex> targets;
    };
    struct Timer {
        SteadyTime at;
        std::uint32_t index = 0;
        enum class Of : std::uint8_t { key, target, group } of = Of::key;
        friend bool operator>(const Timer& a, const Timer& b) { return a.at > b.at; }
    };

    // lane.cpp: reading, bytes, telling
    SlotIndex take_slot();
    SlotIndex enqueue(const LaneEvent& event, std::shared_ptr<const Failure> doomed, SteadyTime now);
    KeyIndex take_key(KeyName name);
    KeyIndex key_for(KeyName name);
    void free_key(KeyIndex index);
    Target& target(TargetIndex index);
    GroupIndex group_of(TargetIndex index) const noexcept { return mixes_targets() ? 0 : index; }
    bool mixes_targets() const noexcept { return !options_.limits.one_target_per_batch; }
    bool runs() const noexcept { return options_.limits.same_key != SameKeyInBatch::never; }
    void park_key(KeyIndex index);
    void park_list(const KeyList& list);
    /// States in which a key's bytes lie idle: they can be let go of when room is needed.
    static bool lies_idle(KeyState state) noexcept { return state == KeyState::delayed || state == KeyState::held; }
    void set_state(Key& key, KeyState state) noexcept;
    /// Takes the first event of a key's queue out of it and lets its bytes go.
    void drop_head(Key& key);
    void release(SlotIndex slot);
    std::size_t cost(const Slot& slot) const noexcept { return slot.held_bytes + kEventOverhead; }
    void add_resident(Slot& slot);
    void remove_resident(Slot& slot);
    void drop_lost(KeyIndex index);

    bool cannot_send_more(SteadyTime now) const noexcept;
    bool only_target_refuses() const noexcept {
        return options_.limits.fixed_target &&
               std::any_of(targets_.begin(), targets_.end(), [](const Target& each) { return each.refusing; });
    }
    std::uint64_t enough_for_a_while() const noexcept;

    // lane_batches.cpp: who is ready, what goes into a batch
    void make_ready(KeyIndex index, ReadyList list, SteadyTime now);
    bool is_lent(const Key& key) const { return lending_ && options_.keyed && lent_.contains({key.hash, key.target}); }
    void set_lent(KeyIndex index, ReadyList list);
    bool all_are_under_way() const noexcept {
        return in_flight_batches_ + (lending_ ? 1 : 0) >= (failing_ ? 1 : allowed_in_flight_);
    }
    void push_back(KeyList& list, KeyIndex index);
    void push_front(KeyList& list, KeyIndex index);
    KeyIndex pop_front(KeyList& list);
    std::uint64_t sendable_events(const Key& key) const noexcept { return runs() ? key.count : 1; }
    std::uint64_t sendable_bytes(const Key& key) const noexcept { return runs() ? key.size : slots_[key.head].size; }
    void leave_group(Group& group, const Key& key) noexcept;
    void join_group(Group& group, const Key& key) noexcept;
    void schedule(GroupIndex index, SteadyTime now);
    void unschedule(GroupIndex index);
    bool held_by_pace(GroupIndex index, SteadyTime now);
    void set_timer(SteadyTime at, Timer::Of of, std::uint32_t index);
    void link_back(GroupList& list, GroupIndex index);
    bool target_open(const Target& target, SteadyTime now) const noexcept {
        return !target.refusing || (target.in_flight == 0 && target.hold_until <= now);
    }
    void run_timers(SteadyTime now);
    void delay(KeyIndex index, SteadyTime until);
    void reopen_target(TargetIndex index, SteadyTime now);
    bool has_ready(const Group& group) const noexcept;
    std::optional<std::pair<ReadyList, KeyIndex>> pick(GroupIndex index, SteadyTime now);
    bool rate_holds_back(SteadyTime now) const;
    bool may_load() const noexcept { return loading_bytes_ < options_.memory_bytes / 2; }
    void want_bytes(KeyIndex index);
    struct BatchRoom {
        std::uint64_t events = 0;
        std::uint64_t bytes = 0;
    };
    void fill(GroupIndex group, Batch& batch, BatchRoom room_for, SteadyTime now);
    std::uint32_t take_run(Key& key, Batch& batch, std::uint64_t most_bytes, std::uint64_t& bytes, std::uint64_t& cap);
    BatchIndex take_batch();
    void dispatch(BatchIndex index, SteadyTime now);

    // lane_verdicts.cpp: what verdicts mean
    struct Survey;
    Survey survey(const Batch& batch, std::span<const Verdict> verdicts);
    Outcome scope_of(const Verdict& verdict, const Survey& survey, const Target& target) const;
    void settle_one(SlotIndex slot, const Verdict& verdict, Survey& survey, SteadyTime now);
    void settle_target(TargetIndex index, SteadyTime now);
    void settle_lane(const Survey& survey, SteadyTime now);
    void settle_group(Group& group, const Survey& survey, SteadyTime now);
    void finish_key(KeyIndex index, SteadyTime now);
    /// Gives up what stands doomed or lost at the head of a key's queue; false when the key cannot go on.
    bool strip(KeyIndex index, SteadyTime now);
    void unstick(SteadyTime now);
    std::size_t refused_together(const Key& key, const Verdict& verdict, const Survey& survey) const;
    static void count_attempt(Slot& slot) noexcept;
    void go_on(KeyIndex index, ReadyList list, SteadyTime now);
    bool room_for_dead_letter() const noexcept;
    bool range_bound_reached() const noexcept {
        return unsettled_.range_count() >= options_.max_ranges && !unsettled_.rereading();
    }
    void note_failure(std::shared_ptr<const Failure> failure, SteadyTime at, SteadyTime next_attempt);
    std::chrono::nanoseconds wait_for(std::uint32_t failures, std::uint32_t retry_after_ms);

    LaneOptions options_;
    std::size_t most_unsettled_;  ///< as configured; options_ has its share of what all may hold together
    std::uint64_t batch_events_;
    std::uint64_t batch_bytes_;
    UnsettledEvents unsettled_;
    Ledger ledger_;
    std::vector<SequenceRange> lost_;
    Partition partition_;
    std::uint64_t matched_;
    bool dirty_ = false;

    std::vector<Slot> slots_;
    std::vector<SlotIndex> free_slots_;
    std::vector<Key> keys_;
    std::vector<KeyIndex> free_keys_;
    boost::unordered_flat_map<KeyName, KeyIndex, KeyNameHash> key_index_;  ///< only with `keyed`
    std::vector<Target> targets_;
    std::vector<Group> groups_;
    std::vector<GroupIndex>
        groups_wanting_room_;  ///< their next events' bytes are not there, and too many are on their way
    GroupList due_;
    GroupList gathering_;
    std::vector<Timer> timers_;  ///< a heap, soonest first
    std::vector<Batch> batches_;
    std::vector<BatchIndex> free_batches_;
    std::vector<KeyIndex> held_keys_;
    std::vector<KeyIndex> stuck_keys_;
    bool lending_ = false;
    KeyNames lent_;
    std::vector<std::pair<KeyIndex, ReadyList>> lent_keys_;  ///< those that would be ready
    std::unordered_map<SlotIndex, std::shared_ptr<const Failure>> doomed_;

    std::vector<LaneDeadLetter> dead_letters_;
    std::vector<SlotIndex> released_;
    std::vector<SlotIndex> parked_;
    std::vector<SlotIndex> wanted_;
    CursorStore::DeadLetterTotals dead_letter_totals_;

    std::size_t resident_bytes_ = 0;
    std::size_t idle_bytes_ = 0;  ///< resident bytes of keys that back off or are held
    std::size_t loading_bytes_ = 0;
    std::size_t in_flight_events_ = 0;
    std::size_t in_flight_batches_ = 0;
    SteadyTime last_moved_{};        ///< a batch left or was answered
    std::size_t allowed_in_flight_;  ///< falls when throttled, grows again with what is accepted

    bool paused_ = false;
    bool paused_by_dead_letter_ = false;
    std::string pause_reason_;
    bool failing_ = false;  ///< the whole destination refuses
    std::uint32_t failures_ = 0;
    std::uint32_t fruitless_ = 0;  ///< batches in a row without an answer to any event
    SteadyTime hold_until_{};
    SteadyTime throttled_until_{};
    std::optional<LastFailure> last_failure_;
    std::shared_ptr<const Failure> key_failure_;  ///< the latest that concerned one key

    Backoff backoff_;
    TokenBucket event_rate_;
    TokenBucket byte_rate_;
};

}  // namespace sluice
