#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "delivery/lane.hpp"

// The world around a simulated lane: a log, a store that survives crashes as far as it should, a destination that fails
// in every way that destinations do, and the oracle that knows what must never happen. Test-only.
namespace sluice::sim {

/// A deliberate fault in what surrounds the lane, to see that the oracle bites.
enum class Sabotage {
    none,
    overtaking_destination,  ///< the lane is told that batches stop at their first failure; they do not
    ignores_keys,            ///< the lane is told to keep no order
    cursor_ahead,            ///< commits a position one too far
    forgets_dead_letters,    ///< commits the cursor without the dead letters it passes over
    wrong_ledger,            ///< counts a delivery twice
    skips_an_event,          ///< the reader leaves one out
    wrong_bytes_back,        ///< bytes that were let go of come back as a neighbour's
    false_acceptance,        ///< the destination answers `accepted` for what it did not store
};

struct Random {
    explicit Random(std::uint64_t seed) : engine(seed) {}
    std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : engine() % n; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    bool chance(unsigned percent) { return below(100) < percent; }
    std::mt19937_64 engine;
};

struct SimEvent {
    Sequence sequence = 0;
    bool matches = true;
    std::uint64_t key = 0;
    TargetIndex target = 0;
    std::uint32_t size = 0;
    bool poison = false;         ///< the destination rejects it
    bool spoils_batch = false;   ///< the destination refuses any batch with it, whole
    bool undeliverable = false;  ///< a template had no value
};

/// What must be true at any time. The first thing that is not is kept, with the time it happened.
class Oracle {
  public:
    void fail(const std::string& what) {
        if (failure_.empty()) failure_ = what;
    }
    const std::string& failure() const { return failure_; }

    /// The destination stored an event (first time or again).
    void stored(const SimEvent& event) {
        if (!seen_.insert(event.sequence).second) {
            ++duplicates_;
            return;
        }
        if (given_up_.count(event.sequence)) return;  // what follows a dead letter of the same event is not ordered
        auto& order = first_appearances_[{event.target, event.key}];
        if (!order.empty() && order.back() > event.sequence && keyed_)
            fail("order: " + std::to_string(event.sequence) + " first appeared after " + std::to_string(order.back()) +
                 " of the same key");
        order.push_back(event.sequence);
    }
    void accepted(Sequence sequence) { accepted_.insert(sequence); }
    void gave_up(Sequence sequence) { given_up_.insert(sequence); }
    void lost(Sequence sequence) { lost_.insert(sequence); }
    /// Verdicts and crashes that can lead to duplicates.
    void allow_duplicates(std::size_t count) { allowed_duplicates_ += count; }

    bool was_seen(Sequence sequence) const { return seen_.count(sequence) > 0; }
    bool was_accepted(Sequence sequence) const { return accepted_.count(sequence) > 0; }
    bool was_lost(Sequence sequence) const { return lost_.count(sequence) > 0; }
    void set_keyed(bool keyed) { keyed_ = keyed; }

    /// A cursor that is about to be committed, with the dead letters the store will then hold.
    void check_cursor(const Cursor& cursor, const std::vector<SimEvent>& log, const std::set<Sequence>& dead) {
        Sequence last = cursor.position.sequence;
        std::uint64_t settled = 0;
        std::uint64_t gone = 0;
        auto check = [&](Sequence from, Sequence to) {
            for (Sequence at = from; at <= to && at <= log.size(); ++at) {
                const SimEvent& event = log[at - 1];
                if (!event.matches) continue;
                ++settled;
                bool is_dead = dead.count(at) > 0;
                gone += is_dead;
                if (!was_accepted(at) && !is_dead && !was_lost(at))
                    fail("cursor ahead: " + std::to_string(at) +
                         " is passed over, neither accepted nor a dead letter nor lost");
            }
        };
        check(1, last);
        for (const SequenceRange& range : cursor.settled_beyond) {
            if (range.first <= last + 1 || range.last < range.first) fail("ranges touch, overlap or are not sorted");
            check(range.first, range.last);
            last = range.last;
        }
        if (last > log.size()) fail("cursor beyond the log");
        if (settled != cursor.ledger.settled())
            fail("ledger: " + std::to_string(cursor.ledger.settled()) + " settled by the ledger, " +
                 std::to_string(settled) + " by the cursor");
        if (gone != cursor.ledger.dead_lettered)
            fail("ledger: " + std::to_string(cursor.ledger.dead_lettered) + " dead letters by the ledger, " +
                 std::to_string(gone) + " in the store");
    }

    void check_duplicates() {
        if (duplicates_ > allowed_duplicates_)
            fail(std::to_string(duplicates_) + " duplicates, " + std::to_string(allowed_duplicates_) + " explained");
    }
    std::size_t duplicates() const { return duplicates_; }

  private:
    bool keyed_ = true;
    std::set<Sequence> seen_;
    std::set<Sequence> accepted_;
    std::set<Sequence> given_up_;
    std::set<Sequence> lost_;
    std::map<std::pair<TargetIndex, std::uint64_t>, std::vector<Sequence>> first_appearances_;
    std::size_t duplicates_ = 0;
    std::size_t allowed_duplicates_ = 0;
    std::string failure_;
};

/// Cursor and dead letters as RocksDB keeps them: a commit survives a crash of the process, a sync survives a power
/// cut.
struct FakeStore {
    struct State {
        Cursor cursor;
        std::set<Sequence> dead;
    };
    State committed;
    State synced;

    void sync() { synced = committed; }
    void power_cut() { committed = synced; }
};

/// Fails in all the ways that destinations do. What it stores it tells the oracle, at the moment it stores it.
class FakeDestination {
  public:
    FakeDestination(Random& random, Oracle& oracle, Limits limits, Sabotage sabotage)
        : random_(random), oracle_(oracle), limits_(limits), sabotage_(sabotage) {}

    bool calm = false;  ///< no more faults
    bool keyed = true;
    std::set<TargetIndex> missing;
    bool credentials_revoked = false;
    bool unreachable = false;
    std::set<std::uint64_t> refused_keys;

    /// Decides what becomes of a batch, stores what it stores, and answers.
    std::vector<Verdict> deliver(const std::vector<SimEvent>& batch) {
        for (const SimEvent& event : batch)
            if (limits_.max_message_bytes_absolute && event.size > limits_.max_message_bytes_absolute)
                oracle_.fail("an event above the absolute limit was sent");
        if (unreachable) return whole(batch, ErrorClass::transient, "", false);
        if (credentials_revoked) return whole(batch, ErrorClass::credentials, "", false);
        for (const SimEvent& event : batch) {
            if (!event.spoils_batch) continue;
            auto why = failure(ErrorClass::rejected, "t");
            return std::vector<Verdict>(batch.size(), Verdict::rejected(why));
        }
        if (!calm && random_.chance(8))
            return whole(batch, ErrorClass::throttled, random_.chance(50) ? "t" : "", false);
        if (!calm && random_.chance(8)) return ambiguous(batch);
        return one_by_one(batch);
    }

    /// The process died while this was under way: some of it may have arrived.
    void abandoned(const std::vector<SimEvent>& batch) {
        if (unreachable || credentials_revoked || random_.chance(50)) return;
        for (const SimEvent& event : batch) {
            if (event.spoils_batch) return;
        }
        ambiguous(batch);
    }

  private:
    std::shared_ptr<Failure> failure(ErrorClass error_class, std::string target) {
        auto why = std::make_shared<Failure>();
        why->error_class = error_class;
        why->code = "simulated";
        why->message = "simulated failure";
        why->target = std::move(target);
        if (error_class == ErrorClass::throttled && random_.chance(30))
            why->retry_after = std::chrono::milliseconds(random_.below(2000));
        return why;
    }
    std::vector<Verdict> whole(const std::vector<SimEvent>& batch, ErrorClass error_class, std::string target,
                               bool may_be_stored) {
        return std::vector<Verdict>(batch.size(),
                                    Verdict::retry(failure(error_class, std::move(target)), may_be_stored));
    }
    bool same_run(const SimEvent& a, const SimEvent& b) const {
        return keyed && limits_.same_key == SameKeyInBatch::atomic_run && a.key == b.key && a.target == b.target;
    }
    bool refuses(const SimEvent& event) const { return refused_keys.count(event.key) > 0; }

    /// The answer never came; all, none or some was stored, as the service's own way of accepting allows.
    std::vector<Verdict> ambiguous(const std::vector<SimEvent>& batch) {
        std::size_t most = random_.chance(30) ? 0 : random_.chance(50) ? batch.size() : random_.below(batch.size() + 1);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (batch[i].poison || missing.count(batch[i].target) || refuses(batch[i])) {
                if (limits_.same_key == SameKeyInBatch::in_order && sabotage_ != Sabotage::overtaking_destination)
                    break;
                continue;
            }
            bool store =
                limits_.same_key == SameKeyInBatch::in_order ? i < most : most == batch.size() || random_.chance(50);
            if (most == 0) store = false;
            if (i > 0 && same_run(batch[i - 1], batch[i])) store = last_run_stored_;
            last_run_stored_ = store;
            if (store) oracle_.stored(batch[i]);
        }
        return whole(batch, ErrorClass::transient, "t", true);
    }

    std::vector<Verdict> one_by_one(const std::vector<SimEvent>& batch) {
        std::vector<Verdict> verdicts;
        bool stopped = false;
        bool same_run_failed = false;
        bool partly = !calm && random_.chance(30);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const SimEvent& event = batch[i];
            bool run_goes_on = i > 0 && same_run(batch[i - 1], event);
            if (stopped) {
                verdicts.push_back(Verdict::retry(failure(ErrorClass::transient, ""), false));
                continue;
            }
            Verdict verdict = verdict_of(event, partly);
            if (limits_.same_key == SameKeyInBatch::atomic_run) {
                if (!run_goes_on) {
                    run_verdict_ = verdict;
                    // A run is poisoned by any of its events.
                    for (std::size_t j = i + 1; j < batch.size() && same_run(event, batch[j]); ++j)
                        if (batch[j].poison && run_verdict_.kind == Verdict::Kind::accepted)
                            run_verdict_ = Verdict::rejected(failure(ErrorClass::rejected, "t"));
                }
                verdict = run_verdict_;
            }
            same_run_failed = verdict.kind != Verdict::Kind::accepted;
            if (verdict.kind == Verdict::Kind::accepted && sabotage_ == Sabotage::false_acceptance &&
                random_.chance(2)) {
            } else if (verdict.kind == Verdict::Kind::accepted) {
                oracle_.stored(event);
            }
            if (same_run_failed && limits_.same_key == SameKeyInBatch::in_order &&
                sabotage_ != Sabotage::overtaking_destination)
                stopped = true;
            verdicts.push_back(verdict);
        }
        for (std::size_t i = 0; i < batch.size(); ++i)
            if (verdicts[i].kind == Verdict::Kind::accepted) oracle_.accepted(batch[i].sequence);
        return verdicts;
    }

    Verdict verdict_of(const SimEvent& event, bool partly) {
        if (missing.count(event.target)) return Verdict::retry(failure(ErrorClass::missing_target, "t"), false);
        if (event.poison) return Verdict::rejected(failure(ErrorClass::rejected, "t"));
        if (refuses(event)) return Verdict::retry(failure(ErrorClass::transient, "t"), false);
        if (partly && random_.chance(30))
            return Verdict::retry(failure(random_.chance(50) ? ErrorClass::throttled : ErrorClass::transient, "t"),
                                  false);
        return Verdict::accepted();
    }

    Random& random_;
    Oracle& oracle_;
    Limits limits_;
    Sabotage sabotage_;
    Verdict run_verdict_;
    bool last_run_stored_ = false;
};

}  // namespace sluice::sim
