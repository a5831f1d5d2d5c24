// What people have sent beside the live events: dead letters again, a part of the log again, a sample.
#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <unordered_map>
#include <utility>

#include "base/assert.hpp"
#include "base/ids.hpp"
#include "delivery/integration_runtime.hpp"
#include "delivery/sample_event.hpp"
#include "delivery/stored_event.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

constexpr std::size_t kLettersSentAtOnce = 500;
/// Before the letters that found no room to wait in are looked at again.
constexpr std::chrono::milliseconds kRoundPause{100};
/// While live events wait, a replay has one part of so many of the destination's time and of the rate limits.
constexpr unsigned kReplayShare = 5;

}  // namespace

/// A lane of its own keeps what is sent beside in order and within limits.
struct IntegrationRuntime::SideLane {
    Lane lane;
    std::unique_ptr<MessageSlots> slots;
    std::string replay = {};  ///< what tells its messages from first deliveries; empty when nothing needs to
    bool holds_keys = false;  ///< with a letter that is refused again its key waits
    bool in_passing = true;   ///< its events take up no targets; what is redelivered does, as any first delivery
    /// By slot, of a redelivery: which dead letter it is, and what that occupies.
    struct Letter {
        LogPosition position;
        std::uint64_t bytes = 0;
    };
    std::unordered_map<SlotIndex, Letter> letters = {};
    std::uint64_t settled = 0;
    std::uint64_t left = 0;
    LogPosition farthest = {};  ///< of the letters looked at
    /// Redelivered or refused in this call: another round passes them over.
    boost::unordered_flat_set<Sequence> dealt_with = {};
    /// Keys whose letters wait in the store. Behind a letter that was refused (`hold_key`): for the rest of this call.
    /// Behind one that was let go of because there was no room to wait in: until the next round, which begins with the
    /// oldest. So nothing is sent before what stands in front of it.
    Lane::KeyNames held = {};
    Lane::KeyNames passed_over = {};
    bool another_round = false;
    SteadyTime round_begun = {};
    std::shared_ptr<const Failure> refused = nullptr;  ///< why the latest was

    /// What it gave up and what is settled: bytes go, slots can be used again. How many were given up.
    std::size_t drain() {
        std::vector<LaneDeadLetter> dead = lane.take_dead_letters();
        if (!dead.empty()) refused = dead.back().failure;
        for (const LaneDeadLetter& each : dead) {
            auto letter = letters.find(each.slot);
            if (letter == letters.end()) continue;
            dealt_with.insert(letter->second.position.sequence);
            if (holds_keys) held.insert(lane.key_of(each.slot));
        }
        lane.drain_released([this](SlotIndex slot) {
            slots->release(slot);
            letters.erase(slot);
        });
        return dead.size();
    }

    /// The next of the letters. Each round begins with the oldest again: here they stand in the order in which they
    /// come.
    void feed_letter(const DeadLetter& letter, SteadyTime at) {
        if (letter.position > farthest) {
            farthest = letter.position;
            ++left;
        }
        if (dealt_with.contains(letter.position.sequence)) return;
        Result<Event> event = event_of(letter);
        if (!event) return;
        MessageSlots::Prepared prepared = slots->prepare(*event);
        Lane::KeyName key{prepared.event.key_hash, prepared.event.target};
        if (held.contains(key) || passed_over.contains(key)) return;
        prepared.event.sequence = lane.read_position() + 1;
        SlotIndex slot = keep(prepared, at);
        SLUICE_ASSERT(slot != kNoSlot, "each stands behind the one before it");
        letters[slot] = {letter.position, letter.record.size()};
        drain();
    }

    /// Lets go of what waits, so that others can be sent: it is still in the store.
    void let_go(SteadyTime at) {
        for (const auto& [slot, letter] : letters) {
            Lane::KeyName key = lane.key_of(slot);
            if (held.contains(key)) continue;
            passed_over.insert(key);
            another_round = true;
        }
        lane.overtake(lane.read_position() + 1, 0, at);
        drain();
    }

    /// As Lane::feed().
    SlotIndex feed(const Event& event, SteadyTime at) {
        MessageSlots::Prepared prepared = slots->prepare(event);
        // A sample is not in the log: it has no place among the others, and takes the first of this lane.
        if (prepared.event.sequence == 0) prepared.event.sequence = lane.read_position() + 1;
        return keep(prepared, at);
    }
    SlotIndex keep(const MessageSlots::Prepared& prepared, SteadyTime at) {
        SlotIndex slot = prepared.undeliverable ? lane.feed_undeliverable(prepared.event, prepared.undeliverable, at)
                                                : lane.feed(prepared.event, at);
        if (slot != kNoSlot) slots->keep(slot);
        return slot;
    }
};

/// Its own budget: an eighth of the memory and one batch at a time. What it sends is taken from the live lane's rate
/// limits too.
LaneOptions IntegrationRuntime::side_options() const {
    LaneOptions options = lane_options();
    options.memory_bytes = around_.options.memory_per_integration / 8;
    options.batch.max_wait = std::chrono::microseconds(0);
    options.limits.max_concurrent = 1;
    options.on_dead_letter = OnDeadLetter::proceed;
    options.max_dead_letters = options.max_dead_letter_bytes = ~std::uint64_t(0);
    return options;
}

/// Takes the side lane's next batch, and waits until the live lane has nothing of its keys under way. Others go on
/// being sent; those of the batch wait until side_deliver() has ended. A replay's keys are not waited for: what it
/// sends is in order by itself, and has no place among the live events that waiting could keep.
awaitable<std::optional<BatchIndex>> IntegrationRuntime::side_turn(SideLane& side, Deadline deadline) {
    // A replay is nobody's to wait for: it goes on until the integration itself stops.
    auto is_over = [&] { return stopping_ || (ending_ && side.replay.empty()); };
    std::optional<BatchIndex> batch;
    if (!is_over()) batch = side.lane.next_batch(now());
    if (!batch) co_return batch;
    std::vector<Lane::KeyName> keys;
    if (side.replay.empty()) {
        for (SlotIndex slot : side.lane.batch(*batch)) {
            Lane::KeyName key = side.lane.key_of(slot);
            // Each has numbers of its own for the targets.
            key.target = slots_->target_index(side.slots->target_name(key.target));
            keys.push_back(key);
        }
    }
    lane_->lend(std::move(keys));
    while (!lane_->lent_is_free() && !is_over()) {
        bool told = co_await lent_free_.wait(deadline);
        if (!told) break;  // the time is over, or there is nobody any more who waits
    }
    if (lane_->lent_is_free() && !is_over()) co_return batch;
    lane_->take_back(now());
    co_return std::nullopt;
}

awaitable<void> IntegrationRuntime::side_send(std::span<const Message> messages, Deadline deadline,
                                              std::vector<Verdict>* verdicts) {
    *verdicts = co_await destination_->deliver(messages, deadline);
}

awaitable<std::vector<Verdict>> IntegrationRuntime::side_deliver(SideLane& side, std::vector<SlotIndex> slots,
                                                                 Deadline deadline) {
    std::vector<Message> messages;
    std::uint64_t bytes = 0;
    for (SlotIndex slot : slots) {
        messages.push_back(side.slots->message(slot));
        messages.back().replay = side.replay;
        messages.back().in_passing = side.in_passing;
        bytes += messages.back().body.size();
    }
    lane_->spend(slots.size(), bytes);
    // A task of its own, which can be ended although what waits for it is shielded from its caller's cancellation.
    std::vector<Verdict> verdicts;
    TaskGroup sending(around_.io);
    side_sending_ = &sending;
    sending.spawn(side_send(messages, deadline.earlier(around_.options.deliver_timeout), &verdicts));
    co_await sending.join_or_cancel();
    side_sending_ = nullptr;
    SLUICE_ASSERT(verdicts.size() == messages.size(), "a destination answers with one verdict for each event");
    keep_targets(messages, verdicts);
    // A sample is sent once.
    bool is_tried_again = !side.replay.empty() || !side.in_passing;
    auto in_doubt = std::count_if(verdicts.begin(), verdicts.end(), [](const Verdict& verdict) {
        return verdict.kind != Verdict::Kind::accepted && verdict.ambiguous;
    });
    if (is_tried_again) lane_->count_possible_duplicates(static_cast<std::uint64_t>(in_doubt));
    lane_->take_back(now());
    co_return verdicts;
}

// Dead letters again.

awaitable<Result<DeadLetterOutcome>> IntegrationRuntime::redeliver(DeadLetterFilter filter, Deadline deadline) {
    if (!lane_ || ending_) co_return make_error(Errc::unavailable, "integration " + config_.id + " is not running");
    std::optional<LettersHold> hold = hold_letters();
    if (beside_ || !hold)
        co_return make_error(Errc::conflict, "a replay or redelivery of " + config_.id + " is under way already");
    Operation operation(*this);
    beside_ = true;
    LaneOptions options = side_options();
    // A key that is held behind a dead letter stays so when that is refused again.
    if (config_.on_dead_letter == OnDeadLetter::hold_key) options.on_dead_letter = OnDeadLetter::hold_key;
    SideLane side{Lane(options, Cursor{}, {}, now()), make_slots()};
    side.in_passing = false;
    side.holds_keys = options.on_dead_letter == OnDeadLetter::hold_key && options.keyed;
    side.round_begun = now();
    std::optional<LogPosition> next = LogPosition{};
    Result<void> read;
    bool complete = false;
    while (!deadline.passed() && !ending_) {
        if (next && side.lane.wants_more(now())) {
            // No more than there is room for: the letters may be large.
            std::size_t room = options.memory_bytes - std::min(options.memory_bytes - 1, side.lane.resident_bytes());
            Result<std::optional<LogPosition>> fed = co_await feed_letters(side, filter, *next, room);
            if (!fed) {
                read = fed.error();
                break;
            }
            next = *fed;
        }
        std::optional<BatchIndex> batch = co_await side_turn(side, deadline);
        if (batch) {
            std::span<const SlotIndex> in_batch = side.lane.batch(*batch);
            std::vector<SlotIndex> sent(in_batch.begin(), in_batch.end());
            // The deadline says whether another batch begins. One that was cut by it may have been accepted, and would
            // be sent again.
            std::vector<Verdict> verdicts = co_await side_deliver(side, sent, Deadline::never());
            settle_letters(side, *batch, sent, verdicts);
        }
        side.drain();
        pump();
        if (batch || (next && side.lane.wants_more(now()))) continue;
        if (deadline.passed() || ending_) break;  // also where a batch was given back
        if (next && side.lane.is_full_of_what_waits()) {
            side.let_go(now());
            continue;
        }
        SteadyTime wake = side.lane.wake_at();
        if (!next && (side.lane.pending() == 0 || wake == SteadyTime::max())) {
            complete = !side.another_round;
            if (complete) break;  // what is left is held behind what was refused again
            side.let_go(now());
            // Half of the time at most goes into reading the same letters again and again.
            SteadyTime again = now() + std::max<SteadyTime::duration>(kRoundPause, now() - side.round_begun);
            wake = wake == SteadyTime::max() ? again : std::max(wake, again);
            side.passed_over.clear();
            side.another_round = false;
            next = LogPosition{};
            co_await side_wake_.wait(Deadline(std::min(deadline.at(), wake)));
            side.round_begun = now();
            continue;
        }
        co_await side_wake_.wait(Deadline(std::min(deadline.at(), wake)));
    }
    beside_ = false;
    pump();
    if (!read) co_return read.error();
    DeadLetterOutcome outcome;
    outcome.settled = side.settled;
    outcome.left = side.left;
    outcome.complete = complete;
    if (side.refused) {
        outcome.error = describe(*side.refused, now(), now());
    } else if (const auto& last = side.lane.last_failure(); last && outcome.left > 0) {
        outcome.error = describe(*last->failure, last->at, last->next_attempt);
    }
    co_return outcome;
}

/// Feeds the next of the letters; gives where to go on, nullopt at the end.
awaitable<Result<std::optional<LogPosition>>> IntegrationRuntime::feed_letters(SideLane& side, DeadLetterFilter filter,
                                                                               LogPosition after, std::size_t room) {
    Result<DeadLetterPage> page = co_await dead_letters(std::move(filter), after, kLettersSentAtOnce, room);
    if (!page) co_return page.error();
    for (const DeadLetter& letter : page->items) side.feed_letter(letter, now());
    co_return page->next;
}

void IntegrationRuntime::settle_letters(SideLane& side, BatchIndex batch, std::span<const SlotIndex> sent,
                                        std::span<const Verdict> verdicts) {
    CursorStore::DeadLetterTotals removed;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        if (verdicts[i].kind != Verdict::Kind::accepted) continue;
        const SideLane::Letter& letter = side.letters.at(sent[i]);
        ++removed.count;
        removed.bytes += letter.bytes;
        erased_dead_letters_.push_back(letter.position);
        side.dealt_with.insert(letter.position.sequence);
    }
    side.lane.settle(batch, verdicts, now());
    side.settled += removed.count;
    side.left -= removed.count;
    forget_letters(removed, true);
    if (removed.count == 0) return;
    last_delivery_ = around_.clock.now();
    delivered_rate_.add(removed.count, now());
}

// A part of the log again.

Result<ReplayStatus> IntegrationRuntime::replay(SequenceRange range) {
    if (!lane_ || stopping_) return make_error(Errc::unavailable, "integration " + config_.id + " is not running");
    if (lane_->paused())
        return make_error(Errc::conflict, "integration " + config_.id + " is paused", "resume it first");
    if (beside_) return make_error(Errc::conflict, "a replay or redelivery of " + config_.id + " is under way already");
    range.last = std::min(range.last, around_.routed());
    if (range.first > range.last)
        return make_error(Errc::invalid_argument, "`from` lies beyond the log", "there is nothing to replay yet");
    beside_ = true;
    ReplayStatus status;
    status.id = "replay-" + std::to_string(to_epoch_ms(around_.clock.now()));
    status.from.sequence = range.first;
    status.to.sequence = range.last;
    status.position.sequence = range.first - 1;
    status.running = true;
    replay_ = status;
    if (around_.options.on_replay) around_.options.on_replay(config_.id, status);
    tasks_.spawn(run_replay(range));
    return status;
}

awaitable<void> IntegrationRuntime::run_replay(SequenceRange range) {
    Cursor start;
    start.position.sequence = range.first - 1;
    LaneOptions options = side_options();
    for (std::uint64_t* rate : {&options.rate.events_per_second, &options.rate.bytes_per_second})
        if (*rate > 0) *rate = std::max<std::uint64_t>(1, *rate / kReplayShare);
    SideLane side{Lane(options, start, {}, now()), make_slots(), replay_->id};
    Sequence next = range.first;
    while (!stopping_ && !lane_->paused()) {
        if (next <= range.last && side.lane.wants_more(now())) {
            bool read = co_await feed_replay(side, next, range.last);
            if (!read) break;
        }
        SteadyTime begun = now();
        std::optional<BatchIndex> batch = co_await side_turn(side, Deadline::never());
        if (batch) {
            std::span<const SlotIndex> in_batch = side.lane.batch(*batch);
            std::vector<SlotIndex> sent(in_batch.begin(), in_batch.end());
            std::vector<Verdict> verdicts = co_await side_deliver(side, std::move(sent), Deadline::never());
            side.lane.settle(*batch, verdicts, now());
        }
        replay_->refused += side.drain();
        replay_->delivered = side.lane.ledger().delivered;
        replay_->position.sequence = side.lane.position();
        SteadyTime ended = now();
        pump();
        if (batch && lane_->pending() > 0) {
            // The live events' turn: four times as long as this one was.
            co_await side_wake_.wait(Deadline(ended + (ended - begun) * (kReplayShare - 1)));
            continue;
        }
        if (batch || (next <= range.last && side.lane.wants_more(now()))) continue;
        if (side.lane.pending() == 0 && next > range.last) break;
        SteadyTime wake = side.lane.wake_at();
        co_await side_wake_.wait(wake == SteadyTime::max() ? Deadline::after(std::chrono::seconds(1)) : Deadline(wake));
    }
    end_replay(range.last);
    pump();
}

void IntegrationRuntime::end_replay(Sequence to) {
    if (replay_->ended.empty() && replay_->position.sequence < to)
        replay_->ended = lane_->paused() ? "the integration was paused" : "Sluice or the integration was stopped";
    replay_->running = beside_ = false;
    if (around_.options.on_replay) around_.options.on_replay(config_.id, *replay_);
}

awaitable<bool> IntegrationRuntime::feed_replay(SideLane& side, Sequence& next, Sequence to) {
    auto work = [this, from = next, to] {
        ReadRequest request;
        request.from = from;
        request.to = to;
        request.filter = &config_.filter;
        request.max_bytes = around_.options.read_page_bytes;
        return around_.log.read(request);
    };
    Result<ReadPage> page = co_await around_.reads.run(std::move(work));
    if (!page) {
        replay_->ended = page.error().message;
        co_return false;
    }
    if (page->oldest > next) {
        replay_->ended = "the log let go of what was to be replayed, up to " + std::to_string(page->oldest - 1);
        co_return false;
    }
    for (const Event& event : page->events) {
        side.feed(event, now());
        replay_->refused += side.drain();
    }
    side.lane.advance(page->next - 1);
    next = page->next;
    co_return true;
}

// A sample.

awaitable<Result<std::optional<DeliveryError>>> IntegrationRuntime::send_sample(Deadline deadline) {
    if (!lane_ || ending_) co_return make_error(Errc::unavailable, "integration " + config_.id + " is not running");
    if (beside_)
        co_return make_error(Errc::conflict, "a replay or redelivery of " + config_.id + " is under way already");
    Operation operation(*this);
    beside_ = true;
    // Whatever the integration keeps in order: a sample has only its id.
    Result<TextTemplate> id = TextTemplate::parse("{id}");
    SLUICE_ASSERT(id, "{id} is a template");
    SideLane side{
        Lane(side_options(), Cursor{}, {}, now()),
        std::make_unique<MessageSlots>(*destination_, renderer_, std::move(*id), config_.ordering == Ordering::key)};
    // No event's: whoever tells repeats by the sequence must not take the sample for one.
    Event sample = sample_event(config_, {}, LogPosition{}, around_.clock.now());
    side.feed(sample, now());
    std::optional<BatchIndex> batch = co_await side_turn(side, deadline);
    if (batch) {
        std::span<const SlotIndex> in_batch = side.lane.batch(*batch);
        std::vector<SlotIndex> sent(in_batch.begin(), in_batch.end());
        std::vector<Verdict> verdicts = co_await side_deliver(side, std::move(sent), deadline);
        side.lane.settle(*batch, verdicts, now());
    }
    beside_ = false;
    pump();
    std::optional<DeliveryError> error;
    std::vector<LaneDeadLetter> dead = side.lane.take_dead_letters();
    if (!dead.empty()) {
        error = describe(*dead.front().failure, now(), now());
    } else if (const auto& last = side.lane.last_failure()) {
        error = describe(*last->failure, last->at, last->at);
    } else if (!batch) {
        if (ending_) co_return make_error(Errc::cancelled, "integration " + config_.id + " is stopping");
        co_return make_error(Errc::timeout, "what is under way did not end in time for a sample to be sent",
                             "the sample shares its turn with the events: look at the integration's `state`");
    }
    co_return error;
}

}  // namespace sluice
