// What a batch's verdicts mean for its events, their keys, their targets, and the whole destination.
#include <algorithm>
#include <unordered_map>

#include "delivery/lane.hpp"

namespace sluice {

namespace {

/// A target or destination that answers nothing this often in a row refuses, even when each batch held one key only.
constexpr std::uint32_t kFruitlessLimit = 3;
/// However long the provider asks us to wait, we ask again within a day.
constexpr std::chrono::milliseconds kLongestRetryAfter = std::chrono::hours(24);

std::uint32_t retry_after_ms(const Failure& failure) {
    if (!failure.retry_after) return 0;
    return static_cast<std::uint32_t>(
        std::clamp(*failure.retry_after, std::chrono::milliseconds(0), kLongestRetryAfter).count());
}

/// A settle must never fail for the want of a reason: a connector that gives none is told so by name.
std::shared_ptr<const Failure> reason_of(const Verdict& verdict) {
    if (verdict.failure) return verdict.failure;
    static const auto unnamed = std::make_shared<const Failure>(
        Failure{ErrorClass::transient, "no_reason_given", "the destination gave no reason", "", "", std::nullopt});
    return unnamed;
}

/// For what it is, not for what the service is like at the moment.
bool is_refused(const Verdict& verdict) {
    return verdict.kind == Verdict::Kind::rejected ||
           (verdict.kind == Verdict::Kind::retry && reason_of(verdict)->error_class == ErrorClass::too_large);
}

}  // namespace

/// A batch's verdicts at a glance, before any is acted on.
struct Lane::Survey {
    std::size_t events = 0;
    std::size_t accepted = 0;
    std::size_t rejected = 0;
    std::size_t retried = 0;
    /// How many events were refused for one and the same reason: it may be one event's doing. Empty when none was.
    std::unordered_map<const Failure*, std::size_t> refused;
    std::size_t throttled = 0;
    std::size_t ambiguous = 0;
    bool many_keys = false;  ///< failures of more than one key
    bool stopped = false;    ///< in_order: the failure that stopped the batch was seen
    std::shared_ptr<const Failure> lane_failure;
    std::uint32_t lane_retry_after_ms = 0;
    std::uint32_t lane_verdicts = 0;
};

Lane::Survey Lane::survey(const Batch& batch, std::span<const Verdict> verdicts) {
    Survey survey;
    survey.events = batch.slots.size();
    for (TargetIndex index : batch.targets) {
        Target& each = targets_[index];
        each.answered = each.refused = each.many_keys = false;
        each.retried = 0;
        each.one_key = kNone;
        each.batch_failure = nullptr;
        each.batch_retry_after_ms = 0;
    }
    KeyIndex failed_key = kNone;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        const Verdict& verdict = verdicts[i];
        const Slot& slot = slots_[batch.slots[i]];
        Target& each = targets_[keys_[slot.key].target];
        if (verdict.kind == Verdict::Kind::accepted) {
            ++survey.accepted;
            each.answered = true;
        } else if (verdict.kind == Verdict::Kind::rejected) {
            ++survey.rejected;
            each.answered = true;
        } else {
            ++survey.retried;
            ++each.retried;
            survey.ambiguous += verdict.ambiguous;
            survey.throttled += verdict.failure && verdict.failure->error_class == ErrorClass::throttled;
            if (each.one_key != kNone && each.one_key != slot.key) each.many_keys = true;
            each.one_key = slot.key;
            if (failed_key != kNone && failed_key != slot.key) survey.many_keys = true;
            failed_key = slot.key;
        }
        if (is_refused(verdict)) ++survey.refused[verdict.failure.get()];
    }
    // What stands behind the failure that stopped an in-order batch was not tried: it says nothing about its keys.
    if (options_.limits.same_key == SameKeyInBatch::in_order) survey.many_keys = false;
    return survey;
}

/// Whom a failure concerns: its key, its target, or the whole destination. When in doubt, the least.
Lane::Outcome Lane::scope_of(const Verdict& verdict, const Survey& survey, const Target& target) const {
    const Failure& failure = *reason_of(verdict);
    bool in_order = options_.limits.same_key == SameKeyInBatch::in_order;
    if (failure.error_class == ErrorClass::missing_target) return target.answered ? Outcome::key : Outcome::target;
    if (failure.target.empty()) {
        if (survey.accepted + survey.rejected > 0) return Outcome::key;
        bool sure = failure.error_class == ErrorClass::credentials || failing_ || survey.many_keys ||
                    (in_order && survey.events > 1) || fruitless_ + 1 >= kFruitlessLimit;
        return sure ? Outcome::lane : Outcome::key;
    }
    if (target.answered) return Outcome::key;
    bool sure = failure.error_class == ErrorClass::credentials || target.refusing || (!in_order && target.many_keys) ||
                target.fruitless + 1 >= kFruitlessLimit;
    return sure ? Outcome::target : Outcome::key;
}

void Lane::settle(BatchIndex index, std::span<const Verdict> verdicts, SteadyTime now) {
    SLUICE_ASSERT(index < batches_.size() && batches_[index].open, "a batch is settled once");
    Batch& batch = batches_[index];
    SLUICE_ASSERT(verdicts.size() == batch.slots.size(), "a destination answers with one verdict for each event");
    in_flight_events_ -= batch.slots.size();
    --in_flight_batches_;
    for (TargetIndex each : batch.targets) --targets_[each].in_flight;
    last_moved_ = now;

    Survey seen = survey(batch, verdicts);
    settle_group(groups_[group_of(batch.targets.front())], seen, now);
    for (std::size_t i = 0; i < verdicts.size(); ++i) settle_one(batch.slots[i], verdicts[i], seen, now);
    settle_lane(seen, now);
    for (TargetIndex each : batch.targets) settle_target(each, now);
    for (SlotIndex slot : batch.slots)
        if (keys_[slots_[slot].key].in_flight > 0) finish_key(slots_[slot].key, now);
    for (TargetIndex each : batch.targets) reopen_target(each, now);

    batches_[index].open = false;
    free_batches_.push_back(index);
    dirty_ = true;
}

/// How many events were refused as one, so that the refusal may be for one of the others: a request (a batch can be
/// several), or an atomic run of it.
std::size_t Lane::refused_together(const Key& key, const Verdict& verdict, const Survey& survey) const {
    if (!is_refused(verdict)) return 1;
    std::size_t of_run = options_.limits.same_key == SameKeyInBatch::atomic_run ? key.in_flight : 1;
    return std::max(of_run, survey.refused.at(verdict.failure.get()));
}

void Lane::count_attempt(Slot& slot) noexcept {
    if (slot.attempts < UINT16_MAX) ++slot.attempts;
}

void Lane::settle_one(SlotIndex index, const Verdict& verdict, Survey& survey, SteadyTime now) {
    Slot& slot = slots_[index];
    Key& key = keys_[slot.key];
    if (slot.flags & kLost) {
        slot.flags |= kDone;
        return;
    }
    if (verdict.kind == Verdict::Kind::accepted) {
        slot.flags |= kDone;
        unsettled_.settle(index);
        ++ledger_.delivered;
        ledger_.bytes += slot.body_bytes;
        return;
    }
    ledger_.duplicates_possible += verdict.ambiguous;
    std::shared_ptr<const Failure> failure = reason_of(verdict);
    // Halves find the culprit in a few requests, and no event is given up for another's fault.
    std::size_t unit = refused_together(key, verdict, survey);
    if (unit > 1) {
        slot.batch_cap = static_cast<std::uint16_t>(std::min<std::size_t>(unit / 2, UINT16_MAX));
        ++ledger_.retries;
        count_attempt(slot);
        key.outcome = std::max(key.outcome, Outcome::again);
        note_failure(std::move(failure), now, now);
        return;
    }
    if (survey.stopped && verdict.kind == Verdict::Kind::retry) {
        key.outcome = std::max(key.outcome, Outcome::again);
        return;
    }
    if (options_.limits.same_key == SameKeyInBatch::in_order) survey.stopped = true;

    count_attempt(slot);
    if (slot.first_failure == SteadyTime{}) slot.first_failure = now;
    bool too_old = options_.retry.max_age.count() > 0 && now - slot.first_failure >= options_.retry.max_age;
    if (verdict.kind == Verdict::Kind::rejected || too_old) {
        note_failure(failure, now, now);
        slot.flags |= kDoomed;
        doomed_[index] = std::move(failure);
        return;
    }

    ++ledger_.retries;
    Target& each = targets_[key.target];
    Outcome scope = scope_of(verdict, survey, each);
    key.outcome = std::max(key.outcome, scope);
    std::uint32_t asked = retry_after_ms(*failure);
    if (scope == Outcome::lane) {
        survey.lane_retry_after_ms = std::max(survey.lane_retry_after_ms, asked);
        survey.lane_failure = std::move(failure);
    } else if (scope == Outcome::target) {
        each.refused = true;
        each.batch_retry_after_ms = std::max(each.batch_retry_after_ms, asked);
        each.batch_failure = std::move(failure);
    } else {
        key.retry_after_ms = std::max(key.retry_after_ms, asked);
        key_failure_ = std::move(failure);
    }
}

/// What the batch says about how much may be on its way at once: after an answer that was not clear half as much, so
/// that a connection that breaks again and again leaves less in doubt each time; with each clear one twice as much.
void Lane::settle_group(Group& group, const Survey& survey, SteadyTime now) {
    group.pace.answered(survey.accepted, survey.throttled, now);
    auto events = static_cast<std::uint32_t>(survey.events);
    if (survey.ambiguous > 0) {
        std::uint32_t half = std::max<std::uint32_t>(1, events / 2);
        group.careful_events = group.careful_events == 0 ? half : std::min(group.careful_events, half);
    } else if (group.careful_events > 0 && survey.accepted > 0) {
        group.careful_events *= 2;
        if (group.careful_events >= batch_events_) group.careful_events = 0;
    }
}

/// What the batch says about the destination as a whole.
void Lane::settle_lane(const Survey& survey, SteadyTime now) {
    if (survey.throttled > 0 || survey.ambiguous > 0) {
        allowed_in_flight_ = std::max<std::size_t>(1, allowed_in_flight_ / 2);
    } else if (survey.accepted > 0 && allowed_in_flight_ < options_.limits.max_concurrent) {
        ++allowed_in_flight_;
    }
    if (survey.accepted + survey.rejected > 0) {
        failing_ = false;
        failures_ = fruitless_ = 0;
        return;
    }
    ++fruitless_;
    if (!survey.lane_failure) return;
    // Batches that were under way when the first of them failed tell nothing new.
    if (!failing_ || now >= hold_until_) hold_until_ = now + wait_for(++failures_, survey.lane_retry_after_ms);
    failing_ = true;
    note_failure(survey.lane_failure, now, hold_until_);
    if (survey.lane_failure->error_class == ErrorClass::throttled) throttled_until_ = hold_until_;
}

/// What the batch says about one of its targets.
void Lane::settle_target(TargetIndex index, SteadyTime now) {
    Target& each = targets_[index];
    if (each.answered) {
        each.refusing = false;
        each.failures = each.fruitless = 0;
        each.failure = nullptr;
        return;
    }
    ++each.fruitless;
    if (!each.refused) return;
    if (!each.refusing || now >= each.hold_until) {
        each.hold_until = now + wait_for(++each.failures, each.batch_retry_after_ms);
        set_timer(each.hold_until, Timer::Of::target, index);
    }
    if (!each.refusing) each.since = now;
    each.refusing = true;
    each.last = now;
    each.failure = each.batch_failure;
    note_failure(each.failure, now, each.hold_until);
    if (each.failure->error_class == ErrorClass::throttled)
        throttled_until_ = std::max(throttled_until_, each.hold_until);
    if (!mixes_targets()) schedule(index, now);
}

/// Takes the settled events out of a key's queue and says where the key stands now.
void Lane::finish_key(KeyIndex index, SteadyTime now) {
    Key& key = keys_[index];
    SlotIndex before = kNoSlot;
    SlotIndex at = key.head;
    for (std::uint32_t left = std::exchange(key.in_flight, 0); left > 0; --left) {
        SlotIndex next = slots_[at].next;
        if (slots_[at].flags & kDone) {
            (before == kNoSlot ? key.head : slots_[before].next) = next;
            if (key.tail == at) key.tail = before;
            --key.count;
            key.size -= slots_[at].size;
            release(at);
        } else {
            before = at;
        }
        at = next;
    }
    set_state(key, KeyState::idle);
    std::uint32_t asked = std::exchange(key.retry_after_ms, 0);
    switch (std::exchange(key.outcome, Outcome::none)) {
        case Outcome::key: {
            SteadyTime until = now + wait_for(++key.failures, asked);
            note_failure(key_failure_, now, until);
            if (key_failure_->error_class == ErrorClass::throttled)
                throttled_until_ = std::max(throttled_until_, until);
            delay(index, until);
            break;
        }
        case Outcome::again:
        case Outcome::lane:
        case Outcome::target:
            go_on(index, kRetryList, now);
            break;
        case Outcome::none:
            key.failures = 0;
            go_on(index, kFreshList, now);
            break;
    }
}

void Lane::go_on(KeyIndex index, ReadyList list, SteadyTime now) {
    set_state(keys_[index], KeyState::idle);
    if (!strip(index, now)) return;
    if (keys_[index].count == 0) {
        free_key(index);
    } else {
        make_ready(index, list, now);
    }
}

bool Lane::strip(KeyIndex index, SteadyTime now) {
    while (keys_[index].head != kNoSlot) {
        Key& key = keys_[index];
        SlotIndex head = key.head;
        Slot& slot = slots_[head];
        if (slot.flags & kLost) {
            drop_head(key);
            continue;
        }
        if (!(slot.flags & kDoomed)) return true;
        if (!room_for_dead_letter()) {
            set_state(key, KeyState::stuck);
            stuck_keys_.push_back(index);
            return false;
        }
        const std::shared_ptr<const Failure>& why = doomed_.at(head);
        dead_letters_.push_back({head, slot.sequence, key.target, slot.attempts, why});
        // What was sent has told why already.
        if (slot.attempts == 0) note_failure(why, now, now);
        ++dead_letter_totals_.count;
        dead_letter_totals_.bytes += slot.held_bytes;
        ++ledger_.dead_lettered;
        dirty_ = true;
        if (options_.on_dead_letter == OnDeadLetter::pause && !paused_) {
            paused_by_dead_letter_ = true;
            pause("a dead letter: " + why->message);
        }
        unsettled_.settle(head);
        drop_head(key);
        if (options_.on_dead_letter == OnDeadLetter::hold_key && options_.keyed) {
            set_state(key, KeyState::held);
            held_keys_.push_back(index);
            return false;
        }
    }
    return true;
}

bool Lane::room_for_dead_letter() const noexcept {
    return dead_letter_totals_.count < options_.max_dead_letters &&
           dead_letter_totals_.bytes < options_.max_dead_letter_bytes;
}

void Lane::note_failure(std::shared_ptr<const Failure> failure, SteadyTime at, SteadyTime next_attempt) {
    last_failure_ = LastFailure{std::move(failure), at, next_attempt};
}

std::chrono::nanoseconds Lane::wait_for(std::uint32_t failures, std::uint32_t retry_after_ms) {
    return std::max<std::chrono::nanoseconds>(backoff_.after(failures), std::chrono::milliseconds(retry_after_ms));
}

// What people decide.

void Lane::pause(std::string reason) {
    paused_ = true;
    pause_reason_ = std::move(reason);
}

void Lane::resume() noexcept {
    paused_ = false;
    paused_by_dead_letter_ = false;
    pause_reason_.clear();
}

void Lane::hold_key(std::uint64_t key_hash, TargetIndex held_target) {
    if (!options_.keyed) return;
    target(held_target);
    KeyIndex index = key_for({key_hash, held_target});
    if (keys_[index].state == KeyState::held) return;
    SLUICE_ASSERT(keys_[index].count == 0, "keys are held before events are fed");
    set_state(keys_[index], KeyState::held);
    held_keys_.push_back(index);
}

std::vector<Lane::KeyName> Lane::held_keys() const {
    std::vector<KeyName> names;
    for (KeyIndex key : held_keys_) names.push_back({keys_[key].hash, keys_[key].target});
    return names;
}

void Lane::release_keys(std::span<const KeyName> keys, SteadyTime now) {
    std::vector<KeyIndex> released;
    for (const KeyName& name : keys) {
        auto found = key_index_.find(name);
        if (found == key_index_.end() || keys_[found->second].state != KeyState::held) continue;
        set_state(keys_[found->second], KeyState::idle);
        released.push_back(found->second);
    }
    // Once for all of them: there may be as many as dead letters. Before they go on, and may be held anew.
    std::erase_if(held_keys_, [this](KeyIndex key) { return keys_[key].state != KeyState::held; });
    for (KeyIndex key : released) go_on(key, kRetryList, now);
}

void Lane::dead_letters_removed(std::uint64_t removed, CursorStore::DeadLetterTotals left, bool redelivered,
                                SteadyTime now) {
    dead_letter_totals_ = left;
    std::uint64_t gone = std::min(removed, ledger_.dead_lettered);
    ledger_.dead_lettered -= gone;
    (redelivered ? ledger_.delivered : ledger_.discarded) += gone;
    if (redelivered) ledger_.redelivered += gone;
    dirty_ = true;
    unstick(now);
}

void Lane::unstick(SteadyTime now) {
    for (KeyIndex key : std::exchange(stuck_keys_, {})) go_on(key, kRetryList, now);
}

// How it is.

IntegrationState Lane::state(SteadyTime now) const {
    if (paused_) return IntegrationState::paused;
    if (!stuck_keys_.empty()) return IntegrationState::blocked;
    // What a destination that is down has come to hold is its outage's doing: that is what people have to know. Neither
    // does one hold too much that has reached its share of what many may hold together.
    bool is_down = failing_ || only_target_refuses();
    if (!is_down && (range_bound_reached() || unsettled_.size() >= most_unsettled_)) return IntegrationState::blocked;
    bool throttled = throttled_until_ > now;
    if (failing_ && !throttled) return IntegrationState::failing;
    for (const Target& each : targets_)
        if (each.refusing && each.failure->error_class != ErrorClass::throttled) return IntegrationState::failing;
    if (throttled || failing_) return IntegrationState::throttled;
    if (std::any_of(groups_.begin(), groups_.end(), [](const Group& group) { return group.waits_for_pace; }))
        return IntegrationState::throttled;
    if (rate_holds_back(now)) return IntegrationState::throttled;
    return IntegrationState::running;
}

/// Something could be sent, if it were not for the rate limits.
bool Lane::rate_holds_back(SteadyTime now) const {
    if (std::max(event_rate_.ready_at(), byte_rate_.ready_at()) <= now) return false;
    return due_.head != kNone ||
           (gathering_.head != kNone && groups_[gathering_.head].since + options_.batch.max_wait <= now);
}

std::string_view Lane::name_of(Breaker breaker) noexcept {
    return breaker == Breaker::closed ? "closed" : breaker == Breaker::open ? "open" : "half_open";
}

Lane::Breaker Lane::breaker(SteadyTime now) const noexcept {
    if (!failing_) return Breaker::closed;
    return in_flight_batches_ > 0 || hold_until_ <= now ? Breaker::half_open : Breaker::open;
}

std::string Lane::state_reason(SteadyTime now) const {
    switch (state(now)) {
        case IntegrationState::running:
            if (held_keys_.empty()) return {};
            return (held_keys_.size() == 1 ? "one key waits" : std::to_string(held_keys_.size()) + " keys wait") +
                   " behind a dead letter: redeliver or discard it";
        case IntegrationState::paused:
            return pause_reason_;
        case IntegrationState::blocked:
            if (!stuck_keys_.empty()) return "no room for more dead letters: redeliver or discard some";
            return "too many events are held back behind keys or targets that do not accept: " +
                   std::to_string(unsettled_.size()) + " events, " + std::to_string(unsettled_.range_count()) +
                   " ranges";
        case IntegrationState::throttled:
            return rate_holds_back(now) ? "the rate limit holds it back" : "the service asks to wait";
        case IntegrationState::failing:
            if (failing_) return "the destination does not accept anything";
            std::size_t refusing = refusing_count();
            return refusing == 1 ? "one target does not accept: see `targets`"
                                 : std::to_string(refusing) + " targets do not accept: see `targets`";
    }
    return {};
}

}  // namespace sluice
