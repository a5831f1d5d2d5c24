// What people see of an integration, and what they do with its dead letters.
#include <algorithm>
#include <utility>

#include "delivery/integration_runtime.hpp"
#include "delivery/stored_event.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

constexpr std::size_t kLettersReadAtOnce = 500;
/// Nobody reads more of them, and thousands made the answer megabytes.
constexpr std::size_t kTargetsTold = 100;
/// Share of hard_limit from which the backlog is told of with the state.
constexpr double kBacklogWarning = 0.5;
/// A filter that wants few of many is answered in several calls.
constexpr std::size_t kLettersInOneCall = 10'000;

}  // namespace

Timestamp IntegrationRuntime::wall(SteadyTime at) const {
    return around_.clock.now() + std::chrono::duration_cast<std::chrono::milliseconds>(at - now());
}

DeliveryError IntegrationRuntime::describe(const Failure& failure, SteadyTime at, SteadyTime next_attempt) const {
    DeliveryError error;
    error.error_class = failure.error_class;
    error.code = failure.code;
    error.message = failure.message;
    error.target = failure.target;
    error.hint = failure.hint;
    error.at = wall(at);
    if (next_attempt > now()) error.next_attempt_at = wall(next_attempt);
    return error;
}

/// What was skipped may be read and settled before it is counted.
std::uint64_t IntegrationRuntime::matched() const {
    return std::max(matched_, lane_->ledger().settled() + lane_->pending());
}

awaitable<double> IntegrationRuntime::lag_seconds() {
    if (matched() == lane_->ledger().settled()) co_return 0;
    std::optional<Timestamp> oldest;
    Sequence sequence = lane_->position() + 1;
    if (lane_->pending() > 0) {
        const Event& event = slots_->event(lane_->oldest_pending_slot());
        if (event.owner() && event.sequence() == lane_->oldest_pending()) oldest = event.time();
        sequence = lane_->oldest_pending();
    }
    if (!oldest && oldest_unsettled_.first == sequence) oldest = oldest_unsettled_.second;
    if (!oldest) {
        auto work = [this, sequence] { return around_.log.get({0, sequence}); };
        Result<Event> event = co_await around_.reads.run(std::move(work));
        if (event) oldest = event->time();
    }
    if (!oldest) co_return 0;
    oldest_unsettled_ = {sequence, *oldest};
    co_return std::max(0.0, std::chrono::duration<double>(around_.clock.now() - *oldest).count());
}

IntegrationState IntegrationRuntime::state() const {
    if (!lane_) return start_error_.empty() ? IntegrationState::running : IntegrationState::blocked;
    IntegrationState state = lane_->state(now());
    bool stuck = store_error_ || !read_error_.empty() || config_.unusable;
    return stuck && state != IntegrationState::paused ? IntegrationState::blocked : state;
}

IntegrationCondition IntegrationRuntime::condition() const {
    IntegrationCondition condition;
    condition.state = state();
    condition.paused_by_dead_letter = paused_by_dead_letter_ && condition.state == IntegrationState::paused;
    if (around_.options.backlog_of) condition.backlog = around_.options.backlog_of(config_.id).of_hard_limit;
    auto share = [](std::uint64_t of, std::uint64_t most) {
        return static_cast<double>(of) / static_cast<double>(std::max<std::uint64_t>(most, 1));
    };
    condition.dead_letters = std::max(share(dead_letter_totals_.count, around_.options.max_dead_letters),
                                      share(dead_letter_totals_.bytes, around_.options.max_dead_letter_bytes));
    if (lane_) condition.lost = lane_->ledger().lost - lost_before_;
    return condition;
}

awaitable<IntegrationStatus> IntegrationRuntime::status() {
    IntegrationStatus status;
    status.id = config_.id;
    status.org = config_.org;
    status.destination_type = config_.destination_type();
    if (!lane_) {
        status.state = state();
        status.reason = start_error_.empty() ? "starting" : "it cannot be started: " + start_error_;
        co_return status;
    }
    double lag = co_await lag_seconds();
    const Ledger& ledger = lane_->ledger();
    status.state = state();
    status.reason = lane_->state_reason(now());
    if (status.state != IntegrationState::paused) {
        if (config_.unusable) status.reason = "its settings cannot be used any more: " + config_.unusable->message;
        if (!read_error_.empty()) status.reason = "the log cannot be read: " + read_error_;
        if (store_error_) status.reason = "its cursor cannot be stored";
        // The store's own words name files: not a tenant's business.
        if (store_error_ && store_error_->code == Errc::corrupt)
            status.reason +=
                ": what the store has of it is damaged. Restore the store from a backup, or delete it and make it anew";
    }
    IntegrationStats& stats = status.stats;
    stats.head.sequence = around_.routed();
    stats.position.sequence = position();
    stats.matched = matched();
    stats.delivered = ledger.delivered;
    stats.dead_lettered = ledger.dead_lettered;
    stats.discarded = ledger.discarded;
    stats.lost = ledger.lost;
    stats.pending = stats.matched - ledger.settled();
    stats.lag_events = stats.pending;
    stats.lag_seconds = lag;
    stats.in_flight = lane_->in_flight_events();
    stats.retries = ledger.retries;
    stats.duplicates_possible = ledger.duplicates_possible;
    stats.bytes = ledger.bytes;
    stats.redelivered = ledger.redelivered;
    stats.errors = errors_;
    stats.delivered_per_second = delivered_rate_.per_second(now());
    if (double accepted = accepted_rate_.per_second(now()); accepted > 0)
        stats.latency_seconds = latency_rate_.per_second(now()) / accepted / 1e6;
    stats.last_delivery = last_delivery_;
    if (const auto& last = lane_->last_failure())
        stats.last_error = describe(*last->failure, last->at, last->next_attempt);
    for (const Lane::RefusingTarget& each : lane_->refusing_targets(kTargetsTold)) {
        TargetStatus target;
        target.error = describe(*each.failure, each.last, each.next_attempt);
        target.since = wall(each.since);
        target.pending = each.pending;
        stats.targets.emplace(slots_->target_name(each.target), std::move(target));
    }
    stats.targets_left_out = lane_->refusing_count() - stats.targets.size();
    stats.breaker = Lane::name_of(lane_->breaker(now()));
    if (around_.options.backlog_of) {
        DeliveryOptions::Backlog backlog = around_.options.backlog_of(config_.id);
        stats.backlog_bytes = backlog.bytes;
        stats.backlog_of_hard_limit = backlog.of_hard_limit;
        // Said in plain words long before anything is lost, whatever the state.
        if (backlog.of_hard_limit >= kBacklogWarning) {
            if (!status.reason.empty()) status.reason += "; ";
            status.reason += "it holds back " + std::to_string(static_cast<int>(backlog.of_hard_limit * 100)) +
                             "% of hard_limit: beyond it the oldest events are lost to it";
        }
    }
    stats.lost_ranges = lane_->lost_ranges();
    status.replay = replay_;
    co_return status;
}

awaitable<ProbeReport> IntegrationRuntime::probe(Deadline deadline) {
    Operation operation(*this);
    ProbeReport report = co_await destination_->probe(deadline);
    if (lane_) lane_->change_limits(destination_->limits());
    pump();
    co_return report;
}

// Dead letters.

awaitable<Result<DeadLetterPage>> IntegrationRuntime::dead_letters(DeadLetterFilter filter, LogPosition after,
                                                                   std::size_t limit, std::size_t most_bytes) {
    DeadLetterPage found;
    std::size_t looked_at = 0;
    std::size_t bytes = 0;
    std::optional<LogPosition> from = filter.skip_to(after);
    const bool everything = filter.is_everything();
    auto is_enough = [&] { return found.items.size() >= limit || bytes >= most_bytes; };
    while (from && !is_enough() && looked_at < kLettersInOneCall) {
        std::size_t most = everything ? limit : kLettersReadAtOnce;
        std::size_t page_bytes = everything ? most_bytes : CursorStore::kPageBytes;
        auto work = [this, from = *from, most, page_bytes] {
            return around_.cursors.dead_letters(config_.id, from, most, page_bytes);
        };
        Result<DeadLetterPage> page = co_await around_.writes.run(std::move(work));
        if (!page) co_return page.error();
        if (everything) co_return page;  // a page of the store's is one of ours, bounded in bytes as it is
        looked_at += page->items.size();
        for (DeadLetter& letter : page->items) {
            if (is_enough()) {
                found.next = found.items.back().position;
                co_return found;
            }
            if (!filter.wants(letter, key_)) continue;
            bytes += letter.record.size();
            found.items.push_back(std::move(letter));
        }
        from = page->next ? filter.skip_to(*page->next) : std::nullopt;
    }
    found.next = from;
    co_return found;
}

awaitable<Result<DeadLetterPreview>> IntegrationRuntime::dead_letter(LogPosition position) {
    Operation operation(*this);
    DeadLetterFilter only = DeadLetterFilter::at({position});
    const LogPosition beginning;
    Result<DeadLetterPage> page = co_await dead_letters(std::move(only), beginning, 1);
    if (!page) co_return page.error();
    if (page->items.empty())
        co_return make_error(Errc::not_found,
                             "integration " + config_.id + " has no dead letter " + to_string(position));
    DeadLetterPreview found;
    found.letter = std::move(page->items.front());
    Result<Event> event = event_of(found.letter);
    if (!event) co_return event.error();
    std::unique_ptr<MessageSlots> slots = make_slots();
    found.preview = preview_event(*destination_, *slots, *event, content_type_of(config_.payload));
    co_return found;
}

awaitable<Result<Lane::KeyNames>> IntegrationRuntime::keys_of_dead_letters() {
    Lane::KeyNames keys;
    std::string target;
    std::optional<LogPosition> after = LogPosition{};
    while (after) {
        auto work = [this, from = *after] {
            return around_.cursors.dead_letters(config_.id, from, kLettersReadAtOnce);
        };
        Result<DeadLetterPage> page = co_await around_.writes.run(std::move(work));
        if (!page) co_return page.error();
        for (const DeadLetter& letter : page->items) {
            Result<Event> event = event_of(letter);
            if (!event) continue;
            // Where sending it again would send it: the target's name may have been changed since, and the events
            // behind it go to where it is now.
            target.clear();
            if (!destination_->target_of(*event, target)) target = letter.target;
            keys.insert({slots_->key_hash(*event), slots_->target_index(target)});
        }
        after = page->next;
    }
    co_return keys;
}

awaitable<Result<void>> IntegrationRuntime::refresh_held_keys() {
    // Keys that come to be held from here on are not looked at: their dead letters may not be in the store yet.
    std::vector<Lane::KeyName> held = lane_->held_keys();
    if (held.empty()) co_return Result<void>();
    std::uint64_t epoch = epoch_;
    Result<Lane::KeyNames> still = co_await keys_of_dead_letters();
    if (!still) co_return still.error();
    if (epoch != epoch_) co_return make_error(Errc::conflict, "the integration changed meanwhile; ask again");
    std::erase_if(held, [&](const Lane::KeyName& key) { return still->contains(key); });
    lane_->release_keys(held, now());
    pump();
    co_return Result<void>();
}

void IntegrationRuntime::forget_letters(const CursorStore::DeadLetterTotals& removed, bool redelivered) {
    drain();  // what was just given up counts as the others do
    dead_letter_totals_.count -= std::min(removed.count, dead_letter_totals_.count);
    dead_letter_totals_.bytes -= std::min(removed.bytes, dead_letter_totals_.bytes);
    // The store counted what was there at the start with what is said about each.
    if (dead_letter_totals_.count == 0) dead_letter_totals_.bytes = 0;
    lane_->dead_letters_removed(removed.count, dead_letter_totals_, redelivered, now());
}

void IntegrationRuntime::discard(std::span<const DeadLetter> letters) {
    CursorStore::DeadLetterTotals removed;
    for (const DeadLetter& letter : letters) {
        ++removed.count;
        removed.bytes += letter.record.size();
        erased_dead_letters_.push_back(letter.position);
    }
    forget_letters(removed, false);
    pump();
}

}  // namespace sluice
