// How an integration gets its events: from the router while it keeps up, from the log when it does not.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "delivery/event_loader.hpp"
#include "delivery/integration_runtime.hpp"
#include "delivery/own_bytes.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

constexpr auto kReadAgainAfter = std::chrono::seconds(1);
constexpr std::size_t kLoadAtOnce = 1000;

}  // namespace

bool IntegrationRuntime::feed(std::span<const Event* const> events) {
    matched_ += events.size();
    if (!lane_ || stopping_) return false;
    if (mode_ == Mode::fed) {
        feed_events(events);
        return true;
    }
    if (page_in_flight_) set_aside(events);
    return false;
}

void IntegrationRuntime::skipped(Sequence first, Sequence last) {
    // What runs on from here reads and counts from its cursor; nobody waits for a count any more.
    if (stopping_) return;
    mode_ = Mode::reading;
    aside_overflowed_ = true;
    if (!skipped_.empty() && skipped_.back().last + 1 == first) {
        skipped_.back().last = last;
    } else {
        skipped_.push_back({first, last});
    }
    // One count at a time, of all that has come together: a shard that is behind must not be given more to do for it.
    if (!std::exchange(counting_, true)) tasks_.spawn(count_skipped());
}

awaitable<void> IntegrationRuntime::count_skipped() {
    while (!stopping_ && !skipped_.empty()) {
        std::uint64_t attempt = start_attempt_;
        std::vector<SequenceRange> ranges = std::exchange(skipped_, {});
        auto work = [this, &ranges]() -> Result<std::uint64_t> {
            std::uint64_t matching = 0;
            for (const SequenceRange& range : ranges) {
                Result<std::uint64_t> some = around_.log.count(0, range.first, range.last, config_.filter);
                if (!some) return some.error();
                matching += *some;
            }
            return matching;
        };
        Result<std::uint64_t> counted = co_await around_.reads.run(std::move(work));
        if (attempt != start_attempt_) continue;  // a start since then counts them with the rest
        if (counted) {
            matched_ += *counted;
            continue;
        }
        read_error_ = counted.error().message;
        skipped_.insert(skipped_.begin(), ranges.begin(), ranges.end());
        co_await count_again_.wait(Deadline::after(kReadAgainAfter));
    }
    counting_ = false;
}

/// Events that share a buffer with many others that were not asked for get one of their own: held back, a few of them
/// would keep whole batches of other people's bytes in memory.
void IntegrationRuntime::feed_events(std::span<const Event* const> events) {
    SteadyTime at = now();
    for (std::size_t i = 0; i < events.size();) {
        std::size_t end = i;
        std::size_t wanted = 0;
        for (; end < events.size() && events[end]->owner() == events[i]->owner(); ++end)
            wanted += events[end]->view().envelope.size();
        // Where something is held back these may stay, each for as long as its own key or target takes.
        bool copy = is_sparse(*events[i]->owner(), lane_->holds_something_back() ? 0 : wanted);
        for (; i < end; ++i) {
            // Listening ends where the lane is full; reading takes up at exactly this event.
            if (mode_ == Mode::fed && !lane_->wants_more(at) && !lane_->make_room(at)) {
                mode_ = Mode::reading;
                return;
            }
            feed_one(copy ? with_own_bytes(*events[i]) : *events[i], at);
        }
    }
}

void IntegrationRuntime::feed_one(const Event& event, SteadyTime at) {
    if (event.sequence() <= lane_->read_position()) return;
    MessageSlots::Prepared prepared = slots_->prepare(event);
    SlotIndex slot = prepared.undeliverable ? lane_->feed_undeliverable(prepared.event, prepared.undeliverable, at)
                                            : lane_->feed(prepared.event, at);
    if (slot == kNoSlot) return;
    slots_->keep(slot);
    // A dead letter's bytes are taken now, parked ones let go of: the slot may be asked for again.
    if (prepared.undeliverable || lane_->has_drainable()) drain();
}

void IntegrationRuntime::feed_all(const std::vector<Event>& events) {
    std::vector<const Event*> pointers;
    pointers.reserve(events.size());
    for (const Event& event : events) pointers.push_back(&event);
    feed_events(pointers);
}

void IntegrationRuntime::set_aside(std::span<const Event* const> events) {
    for (const Event* event : events) {
        aside_bytes_ += event->view().envelope.size() + kEventOverhead;
        if (aside_overflowed_ || aside_bytes_ > around_.options.memory_per_integration / 4) {
            aside_overflowed_ = true;
            aside_.clear();
            return;
        }
        aside_.push_back(*event);
    }
}

/// Asks for a turn when there is something to read: bytes that were let go of, or the next page.
void IntegrationRuntime::read_on() {
    if (stopping_ || waits_for_turn_ || reads_ || now() < read_again_at_) return;
    if (wanted_.empty() && !wants_page()) return;
    if (!around_.ask_turn(config_.org, number_)) {
        waits_for_turn_ = true;
        return;
    }
    if (!begin_read()) around_.end_turn();
}

bool IntegrationRuntime::take_turn() {
    waits_for_turn_ = false;
    return begin_read();
}

bool IntegrationRuntime::wants_page() {
    if (mode_ == Mode::fed || page_in_flight_ || overtaking_) return false;
    SteadyTime at = now();
    bool room = lane_->wants_more(at) || lane_->make_room(at);
    drain();
    if (!room || lane_->worth_reading() == 0) return false;
    if (lane_->read_position() < around_.routed()) return true;
    mode_ = Mode::fed;
    return false;
}

bool IntegrationRuntime::begin_read() {
    if (stopping_ || !lane_ || now() < read_again_at_) return false;
    if (!wanted_.empty()) {
        auto count = static_cast<std::ptrdiff_t>(std::min(wanted_.size(), kLoadAtOnce));
        std::vector<std::pair<SlotIndex, Sequence>> some(wanted_.begin(), wanted_.begin() + count);
        wanted_.erase(wanted_.begin(), wanted_.begin() + count);
        reads_ = true;
        tasks_.spawn(load_bytes(std::move(some), epoch_));
        return true;
    }
    if (!wants_page()) return false;
    reads_ = page_in_flight_ = true;
    aside_.clear();
    aside_bytes_ = 0;
    aside_overflowed_ = false;
    ReadRequest request;
    request.from = lane_->read_position() + 1;
    request.to = around_.routed();
    request.filter = &config_.filter;
    request.max_events = lane_->worth_reading();
    request.max_bytes = around_.options.read_page_bytes;
    tasks_.spawn(read_page(request, epoch_));
    return true;
}

void IntegrationRuntime::end_read() {
    reads_ = false;
    around_.end_turn();
}

awaitable<void> IntegrationRuntime::read_page(ReadRequest request, std::uint64_t epoch) {
    auto work = [this, request] { return around_.log.read(request); };
    Result<ReadPage> page = co_await around_.reads.run(std::move(work));
    page_in_flight_ = false;
    end_read();
    if (!stopping_ && !overtaking_ && epoch == epoch_) {
        if (page) {
            read_error_.clear();
            take_page(std::move(*page), request.from, request.to);
        } else {
            read_error_ = page.error().message;
            read_again_at_ = now() + kReadAgainAfter;
        }
    }
    aside_.clear();
    pump();
}

void IntegrationRuntime::take_page(ReadPage page, Sequence from, Sequence to) {
    if (page.oldest > from) lane_->gone(std::min(page.oldest, to + 1), now());
    feed_all(page.events);
    lane_->advance(page.next - 1);
    if (page.next <= to || aside_overflowed_) return;
    // The page ended where the router was; what came since stands aside. From here on the router is listened to.
    feed_all(aside_);
    mode_ = Mode::fed;
}

awaitable<void> IntegrationRuntime::load_bytes(std::vector<std::pair<SlotIndex, Sequence>> wanted,
                                               std::uint64_t epoch) {
    std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    auto work = [this, &wanted] {
        std::vector<Sequence> sequences;
        for (const auto& [slot, sequence] : wanted) sequences.push_back(sequence);
        return load_events(around_.log, config_.filter, sequences);
    };
    std::vector<Result<Event>> events = co_await around_.reads.run(std::move(work));
    end_read();
    if (epoch != epoch_ || stopping_) co_return;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        SlotIndex slot = wanted[i].first;
        if (events[i]) {
            slots_->prepare(*events[i]);
            slots_->keep(slot);
            lane_->loaded(slot, now());
        } else if (events[i].error().code == Errc::not_found) {
            lane_->missing(slot, now());
        } else {
            read_error_ = events[i].error().message;
            read_again_at_ = now() + kReadAgainAfter;
            wanted_.push_back(wanted[i]);
        }
    }
    drain();
    pump();
}

}  // namespace sluice
