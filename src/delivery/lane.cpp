#include "delivery/lane.hpp"

#include <algorithm>

#include "delivery/lost_ranges.hpp"

namespace sluice {

namespace {

/// A destination that gave no answer for so long, with all that it may have on its way, is not fed.
constexpr auto kNoAnswerFor = std::chrono::seconds(1);
/// What is held for a destination that takes only so much a second.
constexpr double kEnoughSeconds = 2;
constexpr std::uint64_t kLeastHeld = 16;
constexpr std::uint64_t kEventsOfAPage = 1000;

std::shared_ptr<const Failure> too_large(std::uint64_t size, std::uint64_t most) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::too_large;
    failure->code = "message_too_large";
    failure->message = "the message has " + std::to_string(size) +
                       " bytes as the destination counts them; it takes at most " + std::to_string(most);
    failure->hint = "send less: `payload: data`, `redact`, or smaller objects";
    return failure;
}

double grain(std::uint64_t per_second, std::uint64_t most) {
    return static_cast<double>(std::clamp<std::uint64_t>(per_second / 20, 1, std::max<std::uint64_t>(most, 1)));
}

}  // namespace

Lane::Lane(const LaneOptions& options, const Cursor& cursor, CursorStore::DeadLetterTotals dead_letters, SteadyTime now)
    : options_(options),
      most_unsettled_(options.max_unsettled),
      batch_events_(std::max<std::uint64_t>(1, std::min(options.limits.max_events, options.batch.max_events))),
      batch_bytes_(std::min<std::uint64_t>(options.limits.max_bytes, options.batch.max_bytes)),
      unsettled_(cursor.position.sequence, cursor.settled_beyond),
      ledger_(cursor.ledger),
      lost_(cursor.lost),
      partition_(cursor.position.partition),
      matched_(cursor.ledger.settled()),
      dead_letter_totals_(dead_letters),
      allowed_in_flight_(std::max<std::size_t>(1, options.limits.max_concurrent)),
      backoff_(std::min<std::chrono::nanoseconds>(options.first_backoff, options.retry.max_backoff),
               options.retry.max_backoff, options.seed),
      event_rate_(options.rate.events_per_second, grain(options.rate.events_per_second, batch_events_), now),
      byte_rate_(options.rate.bytes_per_second, grain(options.rate.bytes_per_second, batch_bytes_), now) {
    last_moved_ = now;
    options_.limits.max_concurrent = allowed_in_flight_;
}

void Lane::change_limits(const Limits& limits) {
    bool was_unhindered = allowed_in_flight_ >= options_.limits.max_concurrent;
    SameKeyInBatch same_key = options_.limits.same_key;
    bool one_target = options_.limits.one_target_per_batch;
    bool fixed_target = options_.limits.fixed_target;
    options_.limits = limits;
    options_.limits.same_key = same_key;
    options_.limits.one_target_per_batch = one_target;
    options_.limits.fixed_target = fixed_target;
    options_.limits.max_concurrent = std::max<std::size_t>(1, limits.max_concurrent);
    batch_events_ = std::max<std::uint64_t>(1, std::min(limits.max_events, options_.batch.max_events));
    batch_bytes_ = std::min<std::uint64_t>(limits.max_bytes, options_.batch.max_bytes);
    allowed_in_flight_ =
        was_unhindered ? options_.limits.max_concurrent : std::min(allowed_in_flight_, options_.limits.max_concurrent);
}

// Reading.

bool Lane::wants_more(SteadyTime now) const noexcept {
    return resident_bytes_ < options_.memory_bytes && unsettled_.size() < options_.max_unsettled &&
           !range_bound_reached() && stuck_keys_.empty() && !paused_ && !cannot_send_more(now);
}

bool Lane::is_full_of_what_waits() const noexcept {
    bool is_full = resident_bytes_ >= options_.memory_bytes || unsettled_.size() >= options_.max_unsettled ||
                   range_bound_reached();
    if (!is_full || failing_ || only_target_refuses()) return false;
    if (in_flight_batches_ > 0 || due_.head != kNone || gathering_.head != kNone) return false;
    return std::none_of(groups_.begin(), groups_.end(), [](const Group& group) { return group.waits_for_pace; });
}

/// Its breaker is open, or all that may be on its way has been for a while, or the service or a rate limit lets it send
/// more slowly than events come. What is committed meanwhile costs it nothing then: it is read when there is use for
/// it. Only while something is left whose sending ends this.
bool Lane::cannot_send_more(SteadyTime now) const noexcept {
    bool something_to_send = in_flight_batches_ > 0 || due_.head != kNone || gathering_.head != kNone ||
                             !timers_.empty() || loading_bytes_ > 0;
    if (!something_to_send) return false;
    if (failing_ || only_target_refuses()) return true;
    if (all_are_under_way() && now - last_moved_ >= kNoAnswerFor) return true;
    return unsettled_.size() >= enough_for_a_while();
}

/// Events held that take a while to send at the rate that it may send at.
std::uint64_t Lane::enough_for_a_while() const noexcept {
    // What is held for one target, or behind a dead letter, must not keep others from being read.
    if (!options_.limits.fixed_target || !held_keys_.empty()) return options_.max_unsettled;
    double slowest = event_rate_.unlimited() ? 0 : static_cast<double>(options_.rate.events_per_second);
    for (const Group& group : groups_) {
        if (!group.pace.limits()) continue;
        double pace = group.pace.events_per_second();
        slowest = slowest == 0 ? pace : std::min(slowest, pace);
    }
    if (slowest == 0) return options_.max_unsettled;
    return std::max<std::uint64_t>(kLeastHeld, static_cast<std::uint64_t>(slowest * kEnoughSeconds));
}

bool Lane::holds_something_back() const noexcept {
    return failing_ || idle_bytes_ > 0 || !held_keys_.empty() ||
           std::any_of(targets_.begin(), targets_.end(), [](const Target& each) { return each.refusing; });
}

std::uint64_t Lane::worth_reading() const noexcept {
    const std::uint64_t enough = enough_for_a_while();
    if (enough >= options_.max_unsettled) return kEventsOfAPage;
    return unsettled_.size() > enough / 2 ? 0 : std::min(kEventsOfAPage, enough - unsettled_.size());
}

SlotIndex Lane::feed(const LaneEvent& event, SteadyTime now) {
    std::uint64_t most = options_.limits.max_message_bytes_absolute;
    return enqueue(event, most != 0 && event.size > most ? too_large(event.size, most) : nullptr, now);
}

SlotIndex Lane::feed_undeliverable(const LaneEvent& event, std::shared_ptr<const Failure> why, SteadyTime now) {
    return enqueue(event, std::move(why), now);
}

SlotIndex Lane::enqueue(const LaneEvent& event, std::shared_ptr<const Failure> doomed, SteadyTime now) {
    SlotIndex index = take_slot();
    if (!unsettled_.add(index, event.sequence)) {
        free_slots_.push_back(index);
        return kNoSlot;
    }
    ++matched_;
    dirty_ = true;
    Slot& slot = slots_[index];
    slot = Slot{};
    slot.sequence = event.sequence;
    slot.size = event.size;
    slot.body_bytes = event.body_bytes;
    slot.held_bytes = std::max(event.held_bytes, event.body_bytes);
    std::uint64_t safe = options_.limits.max_message_bytes_safe;
    if (safe != 0 && event.size > safe) slot.flags |= kAlone;

    ++target(event.target).pending;
    KeyIndex key_index = key_for({event.key_hash, event.target});
    slot.key = key_index;
    add_resident(slot);
    Key& key = keys_[key_index];
    bool first = key.head == kNoSlot;
    (first ? key.head : slots_[key.tail].next) = index;
    key.tail = index;
    ++key.count;
    key.size += slot.size;
    if (doomed) {
        slot.flags |= kDoomed;
        doomed_.emplace(index, std::move(doomed));
    }

    if (key.state == KeyState::idle) {
        go_on(key_index, kFreshList, now);
    } else if (key.state == KeyState::ready) {
        Group& group = groups_[group_of(key.target)];
        if (first) {
            join_group(group, key);
        } else if (runs()) {
            ++group.ready_events;
            group.ready_bytes += slot.size;
        }
        if (group.schedule != Schedule::due) schedule(group_of(key.target), now);
    }
    return index;
}

void Lane::advance(Sequence to) {
    if (to <= unsettled_.read_position()) return;
    unsettled_.advance(to);
    dirty_ = true;
}

void Lane::overtake(Sequence keep_from, std::uint64_t unread_lost, SteadyTime now) {
    Sequence first = unsettled_.position() + 1;
    if (keep_from <= first) return;
    std::uint64_t lost = unread_lost;
    std::vector<KeyIndex> touched;
    while (unsettled_.size() > 0 && unsettled_.sequence(unsettled_.oldest()) < keep_from) {
        SlotIndex index = unsettled_.oldest();
        unsettled_.settle(index);
        slots_[index].flags |= kLost;
        touched.push_back(slots_[index].key);
        ++lost;
    }
    for (KeyIndex key : touched) drop_lost(key);
    unstick(now);
    matched_ += unread_lost;
    ledger_.lost += lost;
    unsettled_.advance(keep_from - 1);
    if (lost > 0) note_lost(lost_, first, keep_from - 1);
    dirty_ = true;
}

void Lane::gone(Sequence keep_from, SteadyTime now) {
    Sequence first = unsettled_.read_position() + 1;
    if (keep_from <= first) return;
    overtake(keep_from, 0, now);
    note_lost(lost_, first, keep_from - 1);
}

/// What is lost stands at the front of its key's queue; what is in flight or being loaded there goes with its verdict.
void Lane::drop_lost(KeyIndex index) {
    Key& key = keys_[index];
    if (key.state == KeyState::in_flight || key.state == KeyState::loading || key.count == 0) return;
    Group* group = key.state == KeyState::ready ? &groups_[group_of(key.target)] : nullptr;
    if (group) leave_group(*group, key);
    while (key.head != kNoSlot && slots_[key.head].flags & kLost) drop_head(key);
    if (group && key.count > 0) join_group(*group, key);
}

// Slots, keys, targets.

SlotIndex Lane::take_slot() {
    if (free_slots_.empty()) {
        slots_.emplace_back();
        return static_cast<SlotIndex>(slots_.size() - 1);
    }
    SlotIndex index = free_slots_.back();
    free_slots_.pop_back();
    return index;
}

Lane::KeyIndex Lane::take_key(KeyName name) {
    KeyIndex index;
    if (free_keys_.empty()) {
        index = static_cast<KeyIndex>(keys_.size());
        keys_.emplace_back();
    } else {
        index = free_keys_.back();
        free_keys_.pop_back();
        keys_[index] = Key{};
    }
    keys_[index].hash = name.hash;
    keys_[index].target = name.target;
    ++targets_[name.target].keys;
    return index;
}

/// Without `ordering: key` every event is a key of its own.
Lane::KeyIndex Lane::key_for(KeyName name) {
    if (!options_.keyed) return take_key(name);
    auto [entry, is_new] = key_index_.try_emplace(name, kNone);
    if (is_new) entry->second = take_key(name);
    return entry->second;
}

void Lane::free_key(KeyIndex index) {
    Key& key = keys_[index];
    SLUICE_ASSERT(key.count == 0 && key.in_flight == 0, "only an empty key is forgotten");
    if (options_.keyed) key_index_.erase(KeyName{key.hash, key.target});
    set_state(key, KeyState::idle);
    --targets_[key.target].keys;
    free_keys_.push_back(index);
}

Lane::Target& Lane::target(TargetIndex index) {
    if (index >= targets_.size()) targets_.resize(index + 1);
    std::size_t groups = mixes_targets() ? 1 : targets_.size();
    if (groups_.size() < groups) groups_.resize(groups);
    return targets_[index];
}

void Lane::set_state(Key& key, KeyState state) noexcept {
    if (lies_idle(key.state)) idle_bytes_ -= key.resident;
    key.state = state;
    if (lies_idle(key.state)) idle_bytes_ += key.resident;
}

void Lane::drop_head(Key& key) {
    SlotIndex index = key.head;
    Slot& slot = slots_[index];
    key.head = slot.next;
    if (key.head == kNoSlot) key.tail = kNoSlot;
    --key.count;
    key.size -= slot.size;
    release(index);
}

void Lane::release(SlotIndex index) {
    Slot& slot = slots_[index];
    if (slot.flags & kDoomed) doomed_.erase(index);
    if (slot.flags & kResident) remove_resident(slot);
    --targets_[keys_[slot.key].target].pending;
    released_.push_back(index);
}

// Bytes.

void Lane::add_resident(Slot& slot) {
    Key& key = keys_[slot.key];
    std::size_t bytes = cost(slot);
    slot.flags |= kResident;
    resident_bytes_ += bytes;
    key.resident += bytes;
    targets_[key.target].resident += bytes;
    if (lies_idle(key.state)) idle_bytes_ += bytes;
}

void Lane::remove_resident(Slot& slot) {
    Key& key = keys_[slot.key];
    std::size_t bytes = cost(slot);
    slot.flags &= static_cast<std::uint8_t>(~kResident);
    resident_bytes_ -= bytes;
    key.resident -= bytes;
    targets_[key.target].resident -= bytes;
    if (lies_idle(key.state)) idle_bytes_ -= bytes;
}

void Lane::park_key(KeyIndex index) {
    for (SlotIndex at = keys_[index].head; at != kNoSlot; at = slots_[at].next) {
        Slot& slot = slots_[at];
        if (!(slot.flags & kResident) || slot.flags & (kDoomed | kLost)) continue;
        remove_resident(slot);
        parked_.push_back(at);
    }
}

void Lane::park_list(const KeyList& list) {
    for (KeyIndex key = list.head; key != kNone; key = keys_[key].next) park_key(key);
}

bool Lane::make_room(SteadyTime now) {
    if (wants_more(now)) return true;
    if (resident_bytes_ < options_.memory_bytes || failing_) return false;
    std::size_t idle = idle_bytes_;
    for (const Target& each : targets_)
        if (each.refusing && !target_open(each, now)) idle += each.resident;
    // Only when it pays: each event is then read again once for at least a quarter of the memory won.
    if (idle < options_.memory_bytes / 4) return false;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        if (!targets_[i].refusing || target_open(targets_[i], now)) continue;
        park_list(targets_[i].waiting);
        if (mixes_targets()) continue;
        for (const KeyList& list : groups_[i].ready) park_list(list);
    }
    for (KeyIndex key : held_keys_) park_key(key);
    for (const Timer& timer : timers_)
        if (timer.of == Timer::Of::key) park_key(timer.index);
    return wants_more(now);
}

void Lane::let_go(std::size_t keep) {
    for (KeyIndex index = 0; index < keys_.size() && resident_bytes_ > keep; ++index) {
        KeyState state = keys_[index].state;
        if (state != KeyState::in_flight && state != KeyState::loading) park_key(index);
    }
}

bool Lane::give_back_memory() {
    bool is_empty = unsettled_.size() == 0 && in_flight_batches_ == 0 && !lending_ && wanted_.empty() &&
                    !has_drainable() && free_slots_.size() == slots_.size() && free_keys_.size() == keys_.size();
    if (!is_empty) return false;
    // What they were set for is gone, and its keys with it.
    std::erase_if(timers_, [](const Timer& timer) { return timer.of == Timer::Of::key; });
    std::make_heap(timers_.begin(), timers_.end(), std::greater<>());
    auto forget = [](auto& all) { std::remove_cvref_t<decltype(all)>().swap(all); };
    unsettled_.give_back_memory();
    forget(slots_), forget(free_slots_), forget(keys_), forget(free_keys_), forget(key_index_);
    forget(batches_), forget(free_batches_), forget(released_), forget(parked_), forget(dead_letters_);
    return true;
}

void Lane::want_bytes(KeyIndex index) {
    Key& key = keys_[index];
    set_state(key, KeyState::loading);
    std::uint64_t most = runs() ? batch_events_ : 1;
    for (SlotIndex at = key.head; at != kNoSlot && key.loading < most; at = slots_[at].next) {
        Slot& slot = slots_[at];
        if (slot.flags & (kResident | kDoomed)) break;
        slot.flags |= kWanted;
        loading_bytes_ += cost(slot);
        ++key.loading;
        wanted_.push_back(at);
    }
    SLUICE_ASSERT(key.loading > 0, "a key is loaded because its first event's bytes are not there");
}

void Lane::loaded(SlotIndex index, SteadyTime now) {
    Slot& slot = slots_[index];
    SLUICE_ASSERT(slot.flags & kWanted, "bytes are brought back when they were asked for");
    slot.flags &= static_cast<std::uint8_t>(~kWanted);
    loading_bytes_ -= cost(slot);
    add_resident(slot);
    Key& key = keys_[slot.key];
    if (--key.loading == 0) go_on(slot.key, kLoadedList, now);
    if (!may_load()) return;
    for (GroupIndex group : std::exchange(groups_wanting_room_, {})) {
        groups_[group].wants_room = false;
        schedule(group, now);
    }
}

void Lane::missing(SlotIndex index, SteadyTime now) {
    Slot& slot = slots_[index];
    if (!(slot.flags & kLost)) {
        unsettled_.settle(index);
        slot.flags |= kLost;
        ++ledger_.lost;
        note_lost(lost_, slot.sequence, slot.sequence);
        dirty_ = true;
    }
    loaded(index, now);
}

// Telling.

Cursor Lane::cursor() const {
    SLUICE_ASSERT(matched_ == ledger_.settled() + unsettled_.size(),
                  "every event that matched is in exactly one place");
    Cursor cursor;
    cursor.position = {partition_, unsettled_.position()};
    cursor.settled_beyond = unsettled_.settled_beyond();
    cursor.ledger = ledger_;
    cursor.lost = lost_;
    return cursor;
}

Cursor Lane::take_cursor() {
    dirty_ = false;
    return cursor();
}

std::vector<Lane::RefusingTarget> Lane::refusing_targets(std::size_t most) const {
    std::vector<TargetIndex> refusing;
    for (TargetIndex i = 0; i < targets_.size(); ++i)
        if (targets_[i].refusing) refusing.push_back(i);
    auto first = [this](TargetIndex a, TargetIndex b) {
        const Target& one = targets_[a];
        const Target& other = targets_[b];
        return one.pending != other.pending ? one.pending > other.pending : one.since < other.since;
    };
    auto end = refusing.begin() + static_cast<std::ptrdiff_t>(std::min(most, refusing.size()));
    std::partial_sort(refusing.begin(), end, refusing.end(), first);
    std::vector<RefusingTarget> some;
    for (auto at = refusing.begin(); at != end; ++at) {
        const Target& each = targets_[*at];
        some.push_back({*at, each.failure, each.since, each.last, each.hold_until, each.pending});
    }
    return some;
}

std::size_t Lane::refusing_count() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(targets_.begin(), targets_.end(), [](const Target& each) { return each.refusing; }));
}

bool Lane::target_is_idle(TargetIndex index) const noexcept {
    if (index >= targets_.size()) return true;
    const Target& each = targets_[index];
    // What is lent is known by its target's index.
    return each.keys == 0 && each.pending == 0 && each.in_flight == 0 && !each.refusing && !lending_;
}

}  // namespace sluice
