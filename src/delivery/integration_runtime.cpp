#include "delivery/integration_runtime.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/assert.hpp"
#include "delivery/lost_ranges.hpp"
#include "delivery/settled_ranges.hpp"
#include "event/codec.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

constexpr std::chrono::milliseconds kFirstStartPause{100};
constexpr std::chrono::milliseconds kLongestStartPause{30'000};
constexpr std::chrono::seconds kLookAgainAfter{1};
/// Memory for so many events is kept by one that is idle.
constexpr std::size_t kSlotsKept = 64;
constexpr std::size_t kSlotsWorthTelling = 1024;
/// What is used again within this time is kept.
constexpr std::chrono::seconds kKeepMemoryFor{5};

}  // namespace

IntegrationRuntime::IntegrationRuntime(std::uint32_t number, IntegrationConfig config,
                                       std::unique_ptr<Destination> destination, PayloadRenderer renderer,
                                       TextTemplate key, RuntimeSurroundings surroundings)
    : number_(number),
      config_(std::move(config)),
      destination_(std::move(destination)),
      around_(std::move(surroundings)),
      renderer_(std::move(renderer)),
      key_(std::move(key)),
      slots_(make_slots()),
      tasks_(around_.io),
      lent_free_(around_.io.get_executor()),
      drained_(around_.io.get_executor()),
      operations_done_(around_.io.get_executor()),
      side_wake_(around_.io.get_executor()),
      count_again_(around_.io.get_executor()) {}

IntegrationRuntime::~IntegrationRuntime() = default;

std::unique_ptr<MessageSlots> IntegrationRuntime::make_slots() const {
    return std::make_unique<MessageSlots>(*destination_, renderer_, key_, config_.ordering == Ordering::key);
}

// Beginning and ending.

LaneOptions IntegrationRuntime::lane_options() const {
    LaneOptions options;
    options.limits = destination_->limits();
    options.keyed = config_.ordering == Ordering::key;
    options.on_dead_letter = config_.on_dead_letter;
    options.batch = config_.batch;
    options.rate = config_.rate;
    options.retry = config_.retry;
    options.memory_bytes = around_.options.memory_per_integration;
    options.max_unsettled = around_.options.max_held_events;
    options.max_ranges = around_.options.max_acknowledged_ranges;
    options.max_dead_letters = around_.options.max_dead_letters;
    options.max_dead_letter_bytes = around_.options.max_dead_letter_bytes;
    options.seed = std::hash<std::string>()(config_.id) ^ static_cast<std::uint64_t>(now().time_since_epoch().count());
    return options;
}

void IntegrationRuntime::make_lane(const Cursor& cursor, CursorStore::DeadLetterTotals totals) {
    lane_ = std::make_unique<Lane>(lane_options(), cursor, totals, now());
    ++epoch_;
    wanted_.clear();
}

awaitable<Result<IntegrationRuntime::Stored>> IntegrationRuntime::load(Sequence routed) {
    auto look_up = [this, routed]() -> Result<Stored> {
        Stored stored;
        Result<std::vector<Cursor>> cursors = around_.cursors.load(config_.id);
        if (!cursors) return cursors.error();
        Result<CursorStore::DeadLetterTotals> totals = around_.cursors.dead_letter_totals(config_.id);
        if (!totals) return totals.error();
        Result<TakenTargets> targets = around_.cursors.taken_targets(config_.id);
        if (!targets) return targets.error();
        stored.totals = *totals;
        stored.targets = std::move(*targets);
        stored.is_new = cursors->empty();
        if (!stored.is_new) {
            stored.cursor = cursors->front();
            Sequence head = around_.log.stats().head;
            if (stored.cursor.position.sequence > std::max(head, routed)) {
                return make_error(Errc::corrupt,
                                  "integration " + config_.id + " stands at " + to_string(stored.cursor.position) +
                                      ", but the log ends at " + std::to_string(head),
                                  "the log is older than the cursors: restore both from the same backup");
            }
            // Nothing is held for an integration that the file does not have: it may come back too late for some.
            stored.lost = lose_before(stored.cursor, std::min(around_.log.stats().oldest, routed + 1));
        } else if (config_.start.kind == StartAt::Kind::now) {
            stored.cursor.position.sequence = routed;
        } else {
            Sequence oldest = around_.log.stats().oldest;
            Sequence first = config_.start.kind == StartAt::Kind::oldest ? 0 : config_.start.position.sequence;
            stored.cursor.position.sequence = std::min(std::max({oldest, first, Sequence(1)}) - 1, routed);
        }
        return stored;
    };
    Result<Stored> stored = co_await around_.writes.run(std::move(look_up));
    if (!stored) co_return stored;
    // Where records have to be read for it, that can be all of the log: not on the thread on which every cursor is
    // written.
    auto work = [this, routed, cursor = stored->cursor] {
        return count_unsettled(around_.log, config_.filter, cursor, routed);
    };
    Result<std::uint64_t> count = co_await around_.reads.run(std::move(work));
    if (!count) co_return count.error();
    stored->unsettled = *count;
    co_return stored;
}

awaitable<Result<void>> IntegrationRuntime::try_start() {
    Result<Stored> stored = co_await load(around_.routed());
    if (!stored) co_return stored.error();
    if (config_.on_dead_letter != OnDeadLetter::hold_key) co_return Result<void>();
    Result<Lane::KeyNames> keys = co_await keys_of_dead_letters();
    if (!keys) co_return keys.error();
    co_return Result<void>();
}

void IntegrationRuntime::start_when_possible(bool paused) {
    start_paused_ = paused;
    tasks_.spawn(start_patiently());
}

awaitable<void> IntegrationRuntime::start_patiently() {
    for (auto pause = kFirstStartPause; !stopping_; pause = std::min(pause * 2, kLongestStartPause)) {
        Result<void> started = co_await start(start_paused_);
        if (started) break;
        start_error_ = started.error().message;
        co_await side_wake_.wait(Deadline::after(pause));
    }
}

awaitable<Result<void>> IntegrationRuntime::start(bool start_paused) {
    start_paused_ = start_paused;
    Sequence routed = around_.routed();
    matched_ = 0;
    skipped_.clear();  // counted with the rest
    ++start_attempt_;
    Result<Stored> stored = co_await load(routed);
    if (!stored) co_return stored.error();
    Lane::KeyNames held;
    if (config_.on_dead_letter == OnDeadLetter::hold_key) {
        Result<Lane::KeyNames> keys = co_await keys_of_dead_letters();
        if (!keys) co_return keys.error();
        held = std::move(*keys);
    }
    if (stopping_) co_return make_error(Errc::cancelled, "integration " + config_.id + " is stopping");
    matched_ += stored->cursor.ledger.settled() + stored->unsettled;
    start_error_.clear();
    dead_letter_totals_ = stored->totals;
    lost_before_ = stored->cursor.ledger.lost - stored->lost;
    if (!last_delivery_) last_delivery_ = stored->cursor.last_delivery;
    recall_targets(std::move(stored->targets));
    make_lane(stored->cursor, stored->totals);
    for (const Lane::KeyName& key : held) lane_->hold_key(key.hash, key.target);
    commit_wanted_ = stored->is_new || stored->lost > 0;
    stored_position_ = stored->cursor.position.sequence;
    if (start_paused_) {
        if (pause_reason_.empty()) pause_reason_ = "paused by a person";
        lane_->pause(pause_reason_);
    }
    if (commit_wanted_) around_.changed(number_);
    pump();
    co_return Result<void>();
}

// Targets taken up.

/// Those of another place are not this one's. They are kept as long as nothing is delivered here: whoever goes back
/// finds them again.
void IntegrationRuntime::recall_targets(TakenTargets before) {
    TargetNames* names = destination_->target_names();
    if (names == nullptr || before.place != names->place()) return;
    targets_committed_ = before.names.size();
    names->recall(std::move(before.names));
}

void IntegrationRuntime::keep_targets(std::span<const Message> messages, std::span<const Verdict> verdicts) {
    TargetNames* names = destination_->target_names();
    if (names == nullptr) return;
    std::string_view last;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        // What may be stored is there until the contrary is known, which it never is.
        bool may_be_there = verdicts[i].kind == Verdict::Kind::accepted || verdicts[i].ambiguous;
        if (!may_be_there || messages[i].in_passing || messages[i].target == last) continue;
        last = messages[i].target;
        names->keep(last);
    }
}

bool IntegrationRuntime::has_new_targets() const noexcept {
    TargetNames* names = destination_->target_names();
    return names != nullptr && names->kept().size() > targets_committed_;
}

/// What the router has come to was fed, as long as this one listens; what is not fed any more is left to be read.
void IntegrationRuntime::keep_up_with_router() {
    if (mode_ == Mode::fed && !stopping_) lane_->advance(around_.routed());
}

void IntegrationRuntime::end_operations(Deadline deadline) {
    ending_ = true;
    end_by_ = Deadline(std::min(end_by_.at(), deadline.at()));
    // Who waits for these sees that it is over, or that there is less time than it was.
    lent_free_.set();
    side_wake_.set();
    operations_done_.set();
    drained_.set();
}

void IntegrationRuntime::cut_operations() {
    if (side_sending_ != nullptr) side_sending_->cancel();
}

awaitable<void> IntegrationRuntime::stop(Deadline deadline) {
    if (lane_) keep_up_with_router();
    stopping_ = true;
    end_operations(deadline);
    while (operations_ > 0 && !end_by_.passed()) co_await operations_done_.wait(end_by_);
    cut_operations();
    while (operations_ > 0) co_await operations_done_.wait(Deadline::never());
    while (lane_ && lane_->in_flight_batches() > 0 && !end_by_.passed()) co_await drained_.wait(end_by_);
    tasks_.cancel();
    co_await tasks_.join();
    if (std::exchange(counts_as_heavy_, false)) around_.budget.remove_heavy();
    co_await destination_->close();
}

void IntegrationRuntime::pause(std::string reason) {
    pause_reason_ = std::move(reason);
    paused_by_dead_letter_ = false;
    start_paused_ = true;
    if (lane_) lane_->pause(pause_reason_);
    pump();
}

void IntegrationRuntime::take_over(const IntegrationRuntime& before) {
    replay_ = before.replay_;
    start_paused_ = before.paused();
    pause_reason_ = before.pause_reason_;
    paused_by_dead_letter_ = before.paused_by_dead_letter_;
}

awaitable<Result<void>> IntegrationRuntime::resume() {
    start_paused_ = false;
    pause_reason_.clear();
    paused_by_dead_letter_ = false;
    // One that is still starting begins so, and finds out then which keys are held.
    if (!lane_) co_return Result<void>();
    lane_->resume();
    Result<void> refreshed = co_await refresh_held_keys();
    pump();
    co_return refreshed;
}

/// A paused integration holds no events in memory: what it has not settled is read again when it goes on.
void IntegrationRuntime::forget_memory() {
    std::vector<Lane::KeyName> held = lane_->held_keys();
    Cursor cursor = lane_->cursor();
    // Every slot's bytes go, whatever state it is in; targets get new indices.
    std::unique_ptr<MessageSlots> before = std::exchange(slots_, make_slots());
    std::optional<Lane::LastFailure> last = lane_->last_failure();
    make_lane(cursor, dead_letter_totals_);
    lane_->recall_failure(std::move(last));
    for (const Lane::KeyName& key : held)
        lane_->hold_key(key.hash, slots_->target_index(before->target_name(key.target)));
    lane_->pause(pause_reason_);
    mode_ = Mode::reading;
    commit_wanted_ = true;
}

// The cycle.

void IntegrationRuntime::pump() {
    if (!lane_) return;
    SteadyTime at = now();
    while (may_send()) {
        std::optional<BatchIndex> batch = lane_->next_batch(at);
        if (!batch) break;
        tasks_.spawn(deliver(*batch));
    }
    drain();
    if (lane_->paused()) {
        mode_ = Mode::reading;
        // What is being counted as lost is counted from what this lane has read.
        if (lane_->in_flight_batches() == 0 && lane_->resident_bytes() > 0 && !stopping_ && !lane_->is_lending() &&
            !overtaking_)
            forget_memory();
    }
    keep_within_budget();
    read_on();
    give_back_idle_memory();
    ask_to_wake();
    if (lane_->dirty() || !dead_letters_.empty() || commit_wanted_ || has_new_targets()) around_.changed(number_);
}

/// A destination that has refused for a while holds no more than it takes to try it again, and an integration among
/// many that hold much no more than its share.
void IntegrationRuntime::keep_within_budget() {
    if (stopping_) return;
    if (lane_->is_dormant() && lane_->in_flight_batches() == 0 &&
        lane_->resident_bytes() > ShardBudget::kLight.memory_bytes) {
        lane_->let_go(ShardBudget::kLight.memory_bytes / 2);
        drain();
    }
    bool heavy = ShardBudget::is_heavy({lane_->resident_bytes(), lane_->pending()});
    if (heavy != std::exchange(counts_as_heavy_, heavy))
        heavy ? around_.budget.add_heavy() : around_.budget.remove_heavy();
    ShardBudget::Share share = around_.budget.share();
    lane_->set_bounds(share.memory_bytes, share.held_events);
}

void IntegrationRuntime::woken() {
    wake_asked_ = SteadyTime::max();  // the queue keeps nothing else of it: what is later is asked for again
    pump();
}

void IntegrationRuntime::ask_to_wake() {
    SteadyTime at = may_send() ? lane_->wake_at() : SteadyTime::max();
    for (SteadyTime other : {read_again_at_, look_at_memory_})
        if (other > now()) at = std::min(at, other);
    // One that reads the log is not looked at when events are committed. Where it waits for a store that refuses, or
    // for its share of the shard's budget, nobody tells it that it may go on.
    bool nothing_comes = at == SteadyTime::max() && mode_ == Mode::reading && !lane_->paused() && !stopping_ &&
                         lane_->in_flight_batches() == 0 && !reads_ && !waits_for_turn_;
    if (nothing_comes) at = now() + kLookAgainAfter;
    if (at >= wake_asked_) return;
    wake_asked_ = at;
    around_.wake_at(at, number_);
}

awaitable<void> IntegrationRuntime::deliver(BatchIndex batch) {
    std::vector<Message> messages;
    std::span<const SlotIndex> slots = lane_->batch(batch);
    messages.reserve(slots.size());
    for (SlotIndex slot : slots) messages.push_back(slots_->message(slot));

    Deadline deadline = Deadline::after(around_.options.deliver_timeout);
    SteadyTime begun = now();
    std::vector<Verdict> verdicts = co_await destination_->deliver(messages, deadline);

    SLUICE_ASSERT(verdicts.size() == messages.size(), "a destination answers with one verdict for each event");
    observe(messages, verdicts, begun);
    keep_targets(messages, verdicts);
    messages.clear();
    // Most of what came with these may be delivered: they must not keep it in memory until they are.
    for (std::size_t i = 0; i < verdicts.size(); ++i)
        if (verdicts[i].kind == Verdict::Kind::retry) slots_->take_own_bytes(slots[i]);
    std::uint64_t delivered = lane_->ledger().delivered;
    lane_->settle(batch, verdicts, now());
    if (lane_->ledger().delivered > delivered) {
        last_delivery_ = around_.clock.now();
        delivered_rate_.add(lane_->ledger().delivered - delivered, now());
    }
    lent_free_.set();
    if (lane_->in_flight_batches() == 0) drained_.set();
    pump();
}

void IntegrationRuntime::observe(std::span<const Message> messages, std::span<const Verdict> verdicts,
                                 SteadyTime begun) {
    auto seconds = [](auto duration) { return std::chrono::duration<double>(duration).count(); };
    around_.metrics.batches.observe(static_cast<double>(messages.size()));
    around_.metrics.requests.observe(seconds(now() - begun));
    Timestamp accepted_at = around_.clock.now();
    // Neighbours were often committed together: counted together.
    std::uint64_t alike = 0;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        if (verdicts[i].kind != Verdict::Kind::accepted) {
            ++errors_[static_cast<std::size_t>(verdicts[i].failure->error_class)];
            continue;
        }
        ++alike;
        Timestamp committed = messages[i].event.time();
        bool goes_on = i + 1 < verdicts.size() && verdicts[i + 1].kind == Verdict::Kind::accepted &&
                       messages[i + 1].event.time() == committed;
        if (goes_on) continue;
        double waited = std::max(0.0, seconds(accepted_at - committed));
        accepted_rate_.add(alike, now());
        latency_rate_.add(alike * static_cast<std::uint64_t>(waited * 1e6), now());
        around_.metrics.latency.observe(waited, std::exchange(alike, 0));
    }
}

void IntegrationRuntime::drain() {
    std::vector<LaneDeadLetter> dead_letters = lane_->take_dead_letters();
    for (const LaneDeadLetter& dead : dead_letters) keep_dead_letter(dead);
    // One measure for what comes and what goes, or what they occupy would seem to grow with each that is dealt with.
    if (!dead_letters.empty()) lane_->recount_dead_letters(dead_letter_totals_);
    lane_->drain_parked([this](SlotIndex slot) { slots_->release(slot); });
    lane_->drain_released([this](SlotIndex slot) { slots_->release(slot); });
    lane_->drain_wanted([this](SlotIndex slot, Sequence sequence) { wanted_.emplace_back(slot, sequence); });
    slots_->forget_idle_targets([this](TargetIndex target) { return lane_->target_is_idle(target); });
    if (lane_->take_paused_by_dead_letter()) {
        pause_reason_ = lane_->state_reason(now());
        paused_by_dead_letter_ = true;
        if (around_.options.on_paused) around_.options.on_paused(config_.id, pause_reason_);
    }
}

/// After a lag it has memory for all that it held then. With nothing left to hold that goes, once for a while little of
/// it was used: one that keeps up with bursts does not make it anew for each.
void IntegrationRuntime::give_back_idle_memory() {
    std::size_t slots = lane_->slot_count();
    std::uint64_t pending = lane_->pending();
    if (slots <= kSlotsKept) {
        look_at_memory_ = SteadyTime::max();
        return;
    }
    SteadyTime at = now();
    most_pending_ = std::max(most_pending_, pending);
    if (at < look_at_memory_ && look_at_memory_ != SteadyTime::max()) return;
    bool little_used = look_at_memory_ != SteadyTime::max() && most_pending_ <= slots / 4;
    if (little_used && pending > 0) return;  // when that is sent
    if (little_used && !reads_ && !page_in_flight_ && lane_->give_back_memory()) {
        slots_->forget_slots();
        std::vector<Event>().swap(aside_);
        std::vector<std::pair<SlotIndex, Sequence>>().swap(wanted_);
        look_at_memory_ = SteadyTime::max();
        if (slots >= kSlotsWorthTelling && around_.options.on_memory_given_back) around_.options.on_memory_given_back();
        return;
    }
    look_at_memory_ = at + kKeepMemoryFor;
    most_pending_ = pending;
}

void IntegrationRuntime::keep_dead_letter(const LaneDeadLetter& dead) {
    const Event& event = slots_->event(dead.slot);
    DeadLetter letter;
    letter.position = event.position();
    letter.error_class = to_string(dead.failure->error_class);
    letter.code = dead.failure->code;
    letter.message = dead.failure->message;
    letter.target = slots_->target_name(dead.target);
    letter.at = around_.clock.now();
    letter.attempts = dead.attempts;
    EventBatch encoded;
    encoded.add(event.view());
    letter.record = encoded.body(0);
    letter.event_time = event.time();
    ++dead_letter_totals_.count;
    dead_letter_totals_.bytes += letter.record.size();
    dead_letters_.push_back(std::move(letter));
}

// Committing.

std::optional<CursorStore::Commit> IntegrationRuntime::take_commit() {
    if (!lane_) return std::nullopt;
    keep_up_with_router();
    bool new_targets = has_new_targets();
    if (!lane_->dirty() && dead_letters_.empty() && erased_dead_letters_.empty() && !commit_wanted_ && !new_targets)
        return std::nullopt;
    CursorStore::Commit commit;
    commit.integration = config_.id;
    commit.cursor = lane_->take_cursor();
    commit.cursor.last_delivery = last_delivery_;
    commit.dead_letters = std::exchange(dead_letters_, {});
    commit.erased_dead_letters = std::exchange(erased_dead_letters_, {});
    if (new_targets) {
        const TargetNames& names = *destination_->target_names();
        commit.targets_before = std::exchange(targets_committed_, names.kept().size());
        commit.new_targets.place = names.place();
        commit.new_targets.names.assign(names.kept().begin() + static_cast<std::ptrdiff_t>(commit.targets_before),
                                        names.kept().end());
    }
    commit_wanted_ = false;
    return commit;
}

void IntegrationRuntime::note_stored(Sequence position) {
    store_error_.reset();
    stored_position_ = position;
}

void IntegrationRuntime::put_back(CursorStore::Commit commit, Error why) {
    std::move(dead_letters_.begin(), dead_letters_.end(), std::back_inserter(commit.dead_letters));
    dead_letters_ = std::move(commit.dead_letters);
    erased_dead_letters_.insert(erased_dead_letters_.end(), commit.erased_dead_letters.begin(),
                                commit.erased_dead_letters.end());
    if (!commit.new_targets.names.empty()) targets_committed_ = commit.targets_before;
    commit_wanted_ = true;
    store_error_ = std::move(why);
}

Sequence IntegrationRuntime::position() {
    if (!lane_) return 0;
    keep_up_with_router();
    return lane_->position();
}

awaitable<Result<std::uint64_t>> IntegrationRuntime::overtake(Sequence keep_from) {
    if (!lane_ || position() + 1 >= keep_from) {
        // Its stored cursor may be older than what it has come to: it must not look overtaken after a restart.
        commit_wanted_ = lane_ != nullptr;
        co_return 0;
    }
    std::uint64_t unread = 0;
    overtaking_ = true;
    if (lane_->read_position() + 1 < keep_from) {
        Cursor rest = lane_->cursor();
        rest.position.sequence = lane_->read_position();
        auto work = [this, rest, keep_from] {
            return count_unsettled(around_.log, config_.filter, rest, keep_from - 1);
        };
        Result<std::uint64_t> counted = co_await around_.reads.run(std::move(work));
        if (!counted) {
            overtaking_ = false;
            pump();
            co_return counted.error();
        }
        unread = *counted;
    }
    std::uint64_t before = lane_->ledger().lost;
    lane_->overtake(keep_from, unread, now());
    overtaking_ = false;
    pump();
    co_return lane_->ledger().lost - before;
}

}  // namespace sluice
