// What people have sent beside the live events: dead letters again, a part of the log again, a sample.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/ids.hpp"
#include "delivery/integration_runtime.hpp"
#include "delivery/stored_event.hpp"
#include "event/envelope_writer.hpp"

namespace sluice {

using boost::asio::awaitable;

/// A lane of its own keeps what is sent beside in order and within limits.
struct IntegrationRuntime::SideLane {
    Lane lane;
    std::unique_ptr<MessageSlots> slots;

    /// kNoSlot when the lane gave it up at once.
    SlotIndex feed(const Event& event, SteadyTime at) {
        MessageSlots::Prepared prepared = slots->prepare(event);
        SlotIndex slot = prepared.undeliverable ? lane.feed_undeliverable(prepared.event, prepared.undeliverable, at)
                                                : lane.feed(prepared.event, at);
        if (slot != kNoSlot) slots->keep(slot);
        return slot;
    }
};

LaneOptions IntegrationRuntime::side_options() const {
    LaneOptions options = lane_options();
    options.batch.max_wait = std::chrono::microseconds(0);
    options.limits.max_concurrent = 1;
    options.on_dead_letter = OnDeadLetter::proceed;
    options.max_dead_letters = options.max_dead_letter_bytes = ~std::uint64_t(0);
    return options;
}

/// Waits until nothing of the integration's own is in flight, and takes the side lane's next batch; nothing of its own
/// is begun until side_deliver() has ended.
awaitable<std::optional<BatchIndex>> IntegrationRuntime::side_turn(Lane& lane) {
    exclusive_ = true;
    while (lane_->in_flight_batches() > 0 && !stopping_) co_await idle_.wait(Deadline::never());
    std::optional<BatchIndex> batch;
    if (!stopping_) batch = lane.next_batch(now());
    if (!batch) exclusive_ = false;
    co_return batch;
}

awaitable<std::vector<Verdict>> IntegrationRuntime::side_deliver(SideLane& side, std::vector<SlotIndex> slots,
                                                                 Deadline deadline) {
    std::vector<Message> messages;
    for (SlotIndex slot : slots) messages.push_back(side.slots->message(slot));
    std::vector<Verdict> verdicts =
        co_await destination_->deliver(messages, deadline.earlier(around_.options.deliver_timeout));
    SLUICE_ASSERT(verdicts.size() == messages.size(), "a destination answers with one verdict for each event");
    exclusive_ = false;
    co_return verdicts;
}

// Dead letters again.

awaitable<Result<DeadLetterOutcome>> IntegrationRuntime::redeliver(std::vector<DeadLetter> letters, Deadline deadline) {
    if (beside_)
        co_return make_error(Errc::conflict, "a replay or redelivery of " + config_.id + " is under way already");
    Operation operation(*this);
    beside_ = true;
    SideLane side{Lane(side_options(), Cursor{}, {}, now()), make_slots()};
    std::vector<const DeadLetter*> by_slot;
    for (const DeadLetter& letter : letters) {
        Result<Event> event = event_of(letter);
        if (!event) continue;
        SlotIndex slot = side.feed(*event, now());
        if (slot == kNoSlot) continue;
        if (slot >= by_slot.size()) by_slot.resize(slot + 1);
        by_slot[slot] = &letter;
    }
    DeadLetterOutcome outcome = co_await redeliver_with(side, by_slot, deadline);
    outcome.left = letters.size() - outcome.settled;
    beside_ = false;
    pump();
    co_return outcome;
}

awaitable<DeadLetterOutcome> IntegrationRuntime::redeliver_with(SideLane& side, std::vector<const DeadLetter*>& by_slot,
                                                                Deadline deadline) {
    DeadLetterOutcome outcome;
    while (!deadline.passed()) {
        std::optional<BatchIndex> batch = co_await side_turn(side.lane);
        if (!batch) break;
        std::span<const SlotIndex> in_batch = side.lane.batch(*batch);
        std::vector<SlotIndex> sent(in_batch.begin(), in_batch.end());
        std::vector<Verdict> verdicts = co_await side_deliver(side, sent, deadline);
        CursorStore::DeadLetterTotals removed;
        for (std::size_t i = 0; i < verdicts.size(); ++i) {
            if (verdicts[i].kind != Verdict::Kind::accepted) continue;
            const DeadLetter& letter = *by_slot[sent[i]];
            ++removed.count;
            removed.bytes += letter.record.size();
            erased_dead_letters_.push_back(letter.position);
        }
        side.lane.settle(*batch, verdicts, now());
        outcome.settled += removed.count;
        forget_letters(removed, true);
        pump();
    }
    if (const auto& last = side.lane.last_failure())
        outcome.error = describe(*last->failure, last->at, last->next_attempt);
    co_return outcome;
}

// A part of the log again.

Result<void> IntegrationRuntime::replay(Sequence from, Sequence to) {
    if (!lane_ || stopping_) return make_error(Errc::unavailable, "integration " + config_.id + " is not running");
    if (lane_->paused())
        return make_error(Errc::conflict, "integration " + config_.id + " is paused", "resume it first");
    if (beside_) return make_error(Errc::conflict, "a replay or redelivery of " + config_.id + " is under way already");
    to = std::min(to, around_.routed());
    Sequence oldest = around_.log.stats().oldest;
    if (to < oldest || from > to) {
        return make_error(Errc::not_found, "nothing from " + std::to_string(from) + " to " + std::to_string(to) +
                                               " is in the log, which begins at " + std::to_string(oldest));
    }
    from = std::max(from, oldest);
    beside_ = true;
    replay_ = ReplayStatus{{0, from}, {0, to}, {0, from - 1}, 0, 0, true, {}};
    tasks_.spawn(run_replay(from, to));
    return {};
}

awaitable<void> IntegrationRuntime::run_replay(Sequence from, Sequence to) {
    Cursor start;
    start.position.sequence = from - 1;
    SideLane side{Lane(side_options(), start, {}, now()), make_slots()};
    Sequence next = from;
    while (!stopping_ && !lane_->paused()) {
        if (next <= to && side.lane.wants_more()) {
            bool read = co_await feed_replay(side, next, to);
            if (!read) break;
        }
        std::optional<BatchIndex> batch = co_await side_turn(side.lane);
        if (batch) {
            std::span<const SlotIndex> in_batch = side.lane.batch(*batch);
            std::vector<SlotIndex> sent(in_batch.begin(), in_batch.end());
            std::vector<Verdict> verdicts = co_await side_deliver(side, std::move(sent), Deadline::never());
            side.lane.settle(*batch, verdicts, now());
        }
        replay_->refused += side.lane.take_dead_letters().size();
        side.lane.drain_released([&](SlotIndex slot) { side.slots->release(slot); });
        replay_->delivered = side.lane.ledger().delivered;
        replay_->position.sequence = side.lane.position();
        pump();
        if (batch || (next <= to && side.lane.wants_more())) continue;
        if (side.lane.pending() == 0 && next > to) break;
        SteadyTime wake = side.lane.wake_at();
        co_await side_wake_.wait(wake == SteadyTime::max() ? Deadline::after(std::chrono::seconds(1)) : Deadline(wake));
    }
    if (replay_->ended.empty() && replay_->position.sequence < to)
        replay_->ended = lane_->paused() ? "the integration was paused" : "the integration was stopped";
    replay_->running = beside_ = false;
    pump();
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
    for (const Event& event : page->events) {
        side.feed(event, now());
        replay_->refused += side.lane.take_dead_letters().size();
        side.lane.drain_released([&](SlotIndex slot) { side.slots->release(slot); });
    }
    side.lane.advance(page->next - 1);
    next = page->next;
    co_return true;
}

// A sample.

/// An event as the integration's filter asks for, with stand-ins where a pattern leaves it open.
Event IntegrationRuntime::sample_event() const {
    std::string rec_type = config_.filter.rec_types.empty() ? "sluice.sample" : config_.filter.rec_types.front();
    for (std::size_t star = rec_type.find('*'); star != std::string::npos; star = rec_type.find('*', star)) {
        std::size_t length = rec_type.compare(star, 2, "**") == 0 ? 2 : 1;
        rec_type.replace(star, length, "sample");
        star += 6;
    }
    std::string id = "sample-" + std::to_string(to_epoch_ms(around_.clock.now()));
    EventView attributes;
    attributes.org = config_.org;
    attributes.rec_type = rec_type;
    attributes.id = id;
    attributes.source = "ShareService";
    attributes.event_type = EventType::create;
    attributes.object_type = ObjectType::objs;
    const std::string data = R"({"sluice_sample":true,"message":"a sample event, sent on request"})";
    const std::string head = R"({"_id":")" + id + R"(","id":")" + id + R"(","recType":")" + rec_type + R"(","data":)";
    EventBatch batch;
    EnvelopeWriter writer(batch);
    writer.begin(attributes).append(head).append(data).append("}");
    writer.end(head.size(), data.size());
    Result<EventView> view = decode_event(batch.body(0));
    SLUICE_ASSERT(view, "an envelope that was just written can be read");
    return Event(batch.bytes(), *view, {0, around_.routed()}, around_.clock.now());
}

awaitable<Result<std::optional<DeliveryError>>> IntegrationRuntime::send_sample(Deadline deadline) {
    if (!lane_ || stopping_) co_return make_error(Errc::unavailable, "integration " + config_.id + " is not running");
    if (beside_)
        co_return make_error(Errc::conflict, "a replay or redelivery of " + config_.id + " is under way already");
    Operation operation(*this);
    beside_ = true;
    SideLane side{Lane(side_options(), Cursor{}, {}, now()), make_slots()};
    Event sample = sample_event();
    side.feed(Event(sample.owner(), sample.view(), {0, std::max<Sequence>(sample.sequence(), 1)}, sample.time()),
              now());
    std::optional<BatchIndex> batch = co_await side_turn(side.lane);
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
        co_return make_error(Errc::cancelled, "integration " + config_.id + " is stopping");
    }
    co_return error;
}

}  // namespace sluice
