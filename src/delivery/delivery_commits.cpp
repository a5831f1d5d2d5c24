// What a shard writes to the cursor store: positions, dead letters, and what people did with them.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "delivery/delivery_shard.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

constexpr std::size_t kLettersDiscardedAtOnce = 1000;
/// So many new dead letters are committed at once, however large the cursor.
constexpr std::size_t kDeadLettersAtOnce = 100;
/// One whose stored bytes are damaged is tried again: it may be erased, or the store brought back.
constexpr std::chrono::seconds kRefusedPause{1};

}  // namespace

void DeliveryShard::changed(std::uint32_t number) {
    changed_.insert(number);
    if (std::exchange(commit_is_coming_, true) || stopping_) return;
    tasks_.spawn(commit_soon());
}

/// Runs while there is something to commit or to sync; an idle shard has no timer for it.
awaitable<void> DeliveryShard::commit_soon() {
    while (!stopping_ && (!changed_.empty() || unsynced_)) {
        co_await commit_now_.wait(Deadline::after(options_.commit_interval));
        if (stopping_) break;
        Result<void> committed = co_await commit(Extent::due);
        if (!committed) co_await commit_now_.wait(Deadline::after(std::chrono::seconds(1)));
    }
    commit_is_coming_ = false;
}

/// A cursor with thousands of ranges costs as much to write as many events: it is written less often the larger it is,
/// yet within the checkpoint interval, so that a crash repeats no more than a power cut does.
bool DeliveryShard::may_commit_later(const Seat& seat, SteadyTime now) const {
    if (seat.refused_until > now) return true;
    return seat.commit_after > now && seat.runtime->uncommitted_dead_letters() < kDeadLettersAtOnce;
}

awaitable<Result<void>> DeliveryShard::commit(Extent extent) {
    while (committing_) co_await commit_gate_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    committing_ = true;
    std::vector<CursorStore::Commit> commits;
    std::vector<std::uint32_t> numbers;
    SteadyTime now = clock_.steady_now();
    for (std::uint32_t number : std::exchange(changed_, {})) {
        auto found = seats_.find(number);
        if (found == seats_.end()) continue;
        if (extent == Extent::due && may_commit_later(found->second, now)) {
            changed_.insert(number);
            continue;
        }
        std::optional<CursorStore::Commit> one = found->second.runtime->take_commit();
        if (!one) continue;
        auto pause = options_.commit_pause_per_range * one->cursor.settled_beyond.size();
        found->second.commit_after = now + std::min<SteadyTime::duration>(pause, options_.checkpoint_interval);
        commits.push_back(std::move(*one));
        numbers.push_back(number);
    }
    bool sync = extent == Extent::synced;
    bool due = sync || now - synced_at_ >= options_.checkpoint_interval;
    bool sync_now = due && (sync || unsynced_ || !commits.empty());
    using Refused = std::vector<CursorStore::Refused>;
    auto work = [this, &commits, sync_now]() -> Result<Refused> {
        Result<Refused> committed = Refused();
        if (!commits.empty()) committed = cursors_.commit(commits);
        if (!committed || !sync_now) return committed;
        if (Result<void> synced = cursors_.sync(); !synced) return synced.error();
        return committed;
    };
    Result<Refused> done = Refused();
    if (!commits.empty() || sync_now) done = co_await writes_.run(work);
    // Each with why it could not be written, if so: one of them, or all.
    std::vector<std::optional<Error>> errors(commits.size());
    if (!done) {
        errors.assign(commits.size(), done.error());
    } else {
        for (const CursorStore::Refused& each : *done) {
            errors[each.index] = each.error;
            if (auto found = seats_.find(numbers[each.index]); found != seats_.end())
                found->second.refused_until = now + kRefusedPause;
        }
    }
    for (std::size_t i = 0; i < commits.size(); ++i) {
        auto found = seats_.find(numbers[i]);
        if (found == seats_.end()) continue;
        if (errors[i]) {
            found->second.runtime->put_back(std::move(commits[i]), std::move(*errors[i]));
            changed_.insert(numbers[i]);
        } else {
            found->second.runtime->note_stored(commits[i].cursor.position.sequence);
        }
    }
    if (done && sync_now) {
        synced_at_ = clock_.steady_now();
        unsynced_ = false;
    } else if (done && !commits.empty()) {
        unsynced_ = true;
    }
    committing_ = false;
    commit_gate_.cancel();
    if (!done) co_return done.error();
    co_return Result<void>();
}

awaitable<Result<void>> DeliveryShard::commit_for(const IntegrationRuntime& runtime) {
    Result<void> committed = co_await commit(Extent::all);
    if (committed && runtime.store_error()) committed = *runtime.store_error();
    co_return committed;
}

/// What the status counts already is there to be read. A store that refuses gives what it has.
awaitable<void> DeliveryShard::commit_letters(const IntegrationRuntime& runtime) {
    // What is on its way to the store is waited for; to write all cursors anew takes a letter that is not.
    while (committing_) co_await commit_gate_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (stopping_ || !runtime.has_uncommitted_letters()) co_return;
    [[maybe_unused]] Result<void> committed = co_await commit(Extent::all);
}

awaitable<Result<DeadLetterPage>> DeliveryShard::dead_letters(std::string id, DeadLetterFilter filter,
                                                              LogPosition after, std::size_t limit) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    co_await commit_letters(*runtime);
    Result<DeadLetterPage> page = co_await runtime->dead_letters(std::move(filter), after, limit);
    co_return page;
}

awaitable<Result<DeadLetterOutcome>> DeliveryShard::redeliver(std::string id, DeadLetterFilter filter,
                                                              Deadline deadline) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    if (ending_) co_return make_error(Errc::unavailable, "delivery is stopping");
    // What was dealt with before is gone from the store, so that nothing is counted twice.
    Result<void> committed = co_await commit_for(*runtime);
    if (!committed) co_return committed.error();
    Result<DeadLetterOutcome> outcome = co_await runtime->redeliver(std::move(filter), deadline);
    if (!outcome) co_return outcome.error();
    committed = co_await commit_for(*runtime);
    if (!committed) co_return committed.error();
    Result<void> refreshed = co_await runtime->refresh_held_keys();
    if (!refreshed) co_return refreshed.error();
    co_return outcome;
}

awaitable<Result<DeadLetterOutcome>> DeliveryShard::discard(std::string id, DeadLetterFilter filter) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    if (!runtime->has_started()) co_return make_error(Errc::unavailable, "integration " + id + " is still starting");
    std::optional<IntegrationRuntime::LettersHold> hold = runtime->hold_letters();
    if (!hold) co_return make_error(Errc::conflict, "the dead letters of " + id + " are being dealt with already");
    if (runtime->is_ending()) co_return make_error(Errc::unavailable, "integration " + id + " is not running");
    // What is thrown away is committed while the integration is still there to be committed.
    IntegrationRuntime::Operation operation(*runtime);
    Result<void> committed = co_await commit_for(*runtime);
    if (!committed) co_return committed.error();
    DeadLetterOutcome total;
    std::optional<LogPosition> after = LogPosition{};
    while (after && !runtime->is_ending()) {
        Result<DeadLetterPage> page = co_await runtime->dead_letters(filter, *after, kLettersDiscardedAtOnce);
        if (!page) co_return page.error();
        after = page->next;
        if (page->items.empty()) continue;
        runtime->discard(page->items);
        changed(runtime->number());
        committed = co_await commit_for(*runtime);
        if (!committed) co_return committed.error();
        total.settled += page->items.size();
    }
    total.complete = !after;
    if (runtime->is_ending()) co_return total;
    Result<void> refreshed = co_await runtime->refresh_held_keys();
    if (!refreshed) co_return refreshed.error();
    co_return total;
}

// For retention.

awaitable<std::vector<IntegrationPosition>> DeliveryShard::positions() {
    std::vector<IntegrationPosition> all;
    for (const auto& [id, number] : numbers_) {
        IntegrationRuntime& runtime = *seats_.find(number)->second.runtime;
        all.push_back({id, runtime.config().org, {0, runtime.stored_position()}});
    }
    co_return all;
}

awaitable<Result<std::uint64_t>> DeliveryShard::overtake(Sequence keep_from) {
    std::vector<std::shared_ptr<IntegrationRuntime>> runtimes;
    for (const auto& [number, seat] : seats_) runtimes.push_back(seat.runtime);
    std::uint64_t lost = 0;
    for (const auto& runtime : runtimes) {
        Result<std::uint64_t> one = co_await runtime->overtake(keep_from);
        if (!one) co_return one.error();
        lost += *one;
        changed(runtime->number());
    }
    Result<void> committed = co_await commit(Extent::synced);
    if (!committed) co_return committed.error();
    co_return lost;
}

}  // namespace sluice
