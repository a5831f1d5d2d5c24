// Who is ready, and what goes into a batch.
#include <algorithm>

#include "delivery/lane.hpp"

namespace sluice {

// Lists of keys and groups, linked through their elements.

void Lane::push_back(KeyList& list, KeyIndex index) {
    keys_[index].next = kNone;
    (list.empty() ? list.head : keys_[list.tail].next) = index;
    list.tail = index;
}

void Lane::push_front(KeyList& list, KeyIndex index) {
    keys_[index].next = list.head;
    if (list.empty()) list.tail = index;
    list.head = index;
}

Lane::KeyIndex Lane::pop_front(KeyList& list) {
    KeyIndex index = list.head;
    list.head = keys_[index].next;
    if (list.empty()) list.tail = kNone;
    keys_[index].next = kNone;
    return index;
}

void Lane::link_back(GroupList& list, GroupIndex index) {
    Group& group = groups_[index];
    group.previous = list.tail;
    group.next = kNone;
    (list.tail == kNone ? list.head : groups_[list.tail].next) = index;
    list.tail = index;
}

void Lane::unschedule(GroupIndex index) {
    Group& group = groups_[index];
    if (group.schedule == Schedule::none) return;
    GroupList& list = group.schedule == Schedule::due ? due_ : gathering_;
    (group.previous == kNone ? list.head : groups_[group.previous].next) = group.next;
    (group.next == kNone ? list.tail : groups_[group.next].previous) = group.previous;
    group.schedule = Schedule::none;
}

// Readiness.

void Lane::leave_group(Group& group, const Key& key) noexcept {
    if (key.count == 0) return;
    group.ready_events -= sendable_events(key);
    group.ready_bytes -= sendable_bytes(key);
}

void Lane::join_group(Group& group, const Key& key) noexcept {
    group.ready_events += sendable_events(key);
    group.ready_bytes += sendable_bytes(key);
}

bool Lane::has_ready(const Group& group) const noexcept {
    return std::any_of(std::begin(group.ready), std::end(group.ready),
                       [](const KeyList& list) { return !list.empty(); });
}

void Lane::set_lent(KeyIndex index, ReadyList list) {
    set_state(keys_[index], KeyState::lent);
    lent_keys_.emplace_back(index, list);
}

void Lane::lend(std::vector<KeyName> keys) {
    SLUICE_ASSERT(!lending_, "one batch at a time is sent beside a lane's own");
    lending_ = true;
    lent_.insert(keys.begin(), keys.end());
}

bool Lane::lent_is_free() const {
    if (in_flight_batches_ >= (failing_ ? 1 : options_.limits.max_concurrent)) return false;
    if (!options_.keyed || in_flight_batches_ == 0) return true;
    return std::none_of(lent_.begin(), lent_.end(), [this](const KeyName& name) {
        auto found = key_index_.find(name);
        return found != key_index_.end() && keys_[found->second].state == KeyState::in_flight;
    });
}

void Lane::take_back(SteadyTime now) {
    lending_ = false;
    lent_.clear();
    for (auto [key, list] : std::exchange(lent_keys_, {})) go_on(key, list, now);
}

void Lane::make_ready(KeyIndex index, ReadyList list, SteadyTime now) {
    Key& key = keys_[index];
    if (is_lent(key)) return set_lent(index, list);
    set_state(key, KeyState::ready);
    key.ready_since = now;
    GroupIndex group = group_of(key.target);
    push_back(groups_[group].ready[list], index);
    join_group(groups_[group], key);
    schedule(group, now);
}

/// Puts a group where it is looked for: sent at once when it fills a batch or was gathering long enough or tries again;
/// otherwise it gathers until max_wait after its oldest event.
void Lane::schedule(GroupIndex index, SteadyTime now) {
    Group& group = groups_[index];
    if (group.schedule == Schedule::due) return;
    if (!has_ready(group) || (!mixes_targets() && !target_open(targets_[index], now))) {
        unschedule(index);
        return;
    }
    if (held_by_pace(index, now)) {
        unschedule(index);
        return;
    }
    bool waits = group.ready[kLoadedList].empty() && group.ready[kRetryList].empty() &&
                 group.ready_events < batch_events_ && group.ready_bytes < batch_bytes_;
    SteadyTime since = waits ? keys_[group.ready[kFreshList].head].ready_since : now;
    if (!waits || since + options_.batch.max_wait <= now) {
        unschedule(index);
        group.schedule = Schedule::due;
        link_back(due_, index);
    } else if (group.schedule == Schedule::none) {
        // Sorted by `since`: nearly always the newest, so looked for from the back.
        group.schedule = Schedule::gathering;
        group.since = since;
        GroupIndex after = gathering_.tail;
        while (after != kNone && groups_[after].since > since) after = groups_[after].previous;
        if (after == gathering_.tail) {
            link_back(gathering_, index);
        } else {
            GroupIndex before = after == kNone ? gathering_.head : groups_[after].next;
            group.previous = after;
            group.next = before;
            groups_[before].previous = index;
            (after == kNone ? gathering_.head : groups_[after].next) = index;
        }
    }
}

/// The service is not ready for more of this group: a timer looks again when it is.
bool Lane::held_by_pace(GroupIndex index, SteadyTime now) {
    Group& group = groups_[index];
    if (group.waits_for_pace) return true;
    if (group.pace.available(now) > 0) return false;
    group.waits_for_pace = true;
    set_timer(group.pace.ready_at(), Timer::Of::group, index);
    return true;
}

void Lane::set_timer(SteadyTime at, Timer::Of of, std::uint32_t index) {
    timers_.push_back({at, index, of});
    std::push_heap(timers_.begin(), timers_.end(), std::greater<>());
}

void Lane::delay(KeyIndex index, SteadyTime until) {
    set_state(keys_[index], KeyState::delayed);
    set_timer(until, Timer::Of::key, index);
}

void Lane::run_timers(SteadyTime now) {
    while (!timers_.empty() && timers_.front().at <= now) {
        std::pop_heap(timers_.begin(), timers_.end(), std::greater<>());
        Timer timer = timers_.back();
        timers_.pop_back();
        switch (timer.of) {
            case Timer::Of::key:
                go_on(timer.index, kRetryList, now);
                break;
            case Timer::Of::target:
                reopen_target(timer.index, now);
                break;
            case Timer::Of::group:
                groups_[timer.index].waits_for_pace = false;
                schedule(timer.index, now);
                break;
        }
    }
}

/// The target may be tried (again): one batch while it refuses, all there is when it does not.
void Lane::reopen_target(TargetIndex index, SteadyTime now) {
    if (!target_open(targets_[index], now)) return;
    KeyList waiting = std::exchange(targets_[index].waiting, {});
    while (!waiting.empty()) {
        KeyIndex key = pop_front(waiting);
        go_on(key, kRetryList, now);
    }
    schedule(group_of(index), now);
}

// Batches.

SteadyTime Lane::wake_at() const {
    if (paused_ || !stuck_keys_.empty()) return kNever;
    if (all_are_under_way()) return kNever;
    SteadyTime gate = std::max(event_rate_.ready_at(), byte_rate_.ready_at());
    if (failing_) gate = std::max(gate, hold_until_);
    SteadyTime at = timers_.empty() ? kNever : std::max(gate, timers_.front().at);
    if (due_.head != kNone) return std::min(at, gate);
    if (gathering_.head != kNone)
        at = std::min(at, std::max(gate, groups_[gathering_.head].since + options_.batch.max_wait));
    return at;
}

std::optional<BatchIndex> Lane::next_batch(SteadyTime now) {
    if (paused_ || !stuck_keys_.empty()) return std::nullopt;
    run_timers(now);
    if (all_are_under_way() || (failing_ && hold_until_ > now)) return std::nullopt;
    if (!stuck_keys_.empty() || paused_) return std::nullopt;  // a timer brought a dead letter's turn
    std::uint64_t most = batch_events_;
    if (!event_rate_.unlimited()) most = std::min(most, event_rate_.available(now));
    if (failing_) most = std::min<std::uint64_t>(most, 1);
    // One event may be larger than what is allowed, and is paid for afterwards; a batch is no larger than that.
    std::uint64_t most_bytes = batch_bytes_;
    if (!byte_rate_.unlimited()) most_bytes = std::min(most_bytes, byte_rate_.available(now));
    if (most == 0 || most_bytes == 0) return std::nullopt;

    while (gathering_.head != kNone && groups_[gathering_.head].since + options_.batch.max_wait <= now) {
        GroupIndex index = gathering_.head;
        unschedule(index);
        groups_[index].schedule = Schedule::due;
        link_back(due_, index);
    }
    while (due_.head != kNone) {
        GroupIndex group = due_.head;
        unschedule(group);
        if (!mixes_targets() && !target_open(targets_[group], now)) continue;  // reopen_target() will look again
        if (held_by_pace(group, now)) continue;
        BatchIndex index = take_batch();
        bool probing = !mixes_targets() && targets_[group].refusing;
        std::uint64_t paced = std::min(most, groups_[group].pace.available(now));
        if (groups_[group].careful_events > 0) paced = std::min<std::uint64_t>(paced, groups_[group].careful_events);
        fill(group, batches_[index], {probing ? 1 : paced, most_bytes}, now);
        if (batches_[index].slots.empty()) {
            batches_[index].open = false;
            free_batches_.push_back(index);
            continue;  // what is there waits for its target or its bytes, which schedule it again
        }
        dispatch(index, now);
        schedule(group, now);
        return index;
    }
    return std::nullopt;
}

std::span<const SlotIndex> Lane::batch(BatchIndex index) const {
    SLUICE_ASSERT(index < batches_.size() && batches_[index].open, "a batch is asked for while it is in flight");
    return batches_[index].slots;
}

BatchIndex Lane::take_batch() {
    BatchIndex index;
    if (free_batches_.empty()) {
        index = static_cast<BatchIndex>(batches_.size());
        batches_.emplace_back();
    } else {
        index = free_batches_.back();
        free_batches_.pop_back();
    }
    batches_[index].open = true;
    batches_[index].slots.clear();
    batches_[index].targets.clear();
    return index;
}

/// The key to look at next: what was loaded for it, then what tries again, then the new; yet the new get their share.
std::optional<std::pair<Lane::ReadyList, Lane::KeyIndex>> Lane::pick(GroupIndex group_index, SteadyTime now) {
    Group& group = groups_[group_index];
    auto usable = [&](ReadyList list) {
        KeyList& keys = group.ready[list];
        // Overtaking leaves keys here that are empty, or whose first event is now a doomed one.
        // Lent ones are not looked for before their turn comes.
        while (!keys.empty()) {
            const Key& first = keys_[keys.head];
            bool sendable = first.count > 0 && !(slots_[first.head].flags & kDoomed);
            if (sendable && !is_lent(first)) break;
            KeyIndex index = pop_front(keys);
            leave_group(group, keys_[index]);
            go_on(index, list, now);
        }
        if (keys.empty()) return false;
        if (slots_[keys_[keys.head].head].flags & kResident || may_load()) return true;
        if (!std::exchange(group.wants_room, true)) groups_wanting_room_.push_back(group_index);
        return false;
    };
    bool retry = usable(kRetryList);
    bool fresh = usable(kFreshList);
    ReadyList list = kReadyLists;
    if (usable(kLoadedList)) {
        list = kLoadedList;
    } else if (retry && !(fresh && group.retries_in_a_row >= std::max<std::uint64_t>(1, batch_events_ / 2))) {
        list = kRetryList;
    } else if (fresh) {
        list = kFreshList;
    } else {
        return std::nullopt;
    }
    return std::pair(list, group.ready[list].head);
}

void Lane::fill(GroupIndex group_index, Batch& batch, BatchRoom room_for, SteadyTime now) {
    Group& group = groups_[group_index];
    std::uint64_t bytes = 0;
    std::uint64_t cap = room_for.events;
    while (auto picked = pick(group_index, now)) {
        auto [list, index] = *picked;
        Key& key = keys_[index];
        const Slot& head = slots_[key.head];
        if (mixes_targets() && !target_open(targets_[key.target], now)) {
            pop_front(group.ready[list]);
            leave_group(group, key);
            set_state(key, KeyState::waiting);
            push_back(targets_[key.target].waiting, index);
            continue;
        }
        if (!(head.flags & kResident)) {
            pop_front(group.ready[list]);
            leave_group(group, key);
            want_bytes(index);
            continue;
        }
        std::uint64_t room = head.batch_cap == 0 ? cap : std::min<std::uint64_t>(cap, head.batch_cap);
        bool alone = head.flags & kAlone;
        if (!batch.slots.empty() && (alone || batch.slots.size() >= room || bytes + head.size > room_for.bytes)) break;
        pop_front(group.ready[list]);
        leave_group(group, key);
        group.retries_in_a_row = list == kRetryList ? group.retries_in_a_row + 1 : 0;
        set_state(key, KeyState::in_flight);
        key.in_flight = take_run(key, batch, room_for.bytes, bytes, cap);
        if (std::find(batch.targets.begin(), batch.targets.end(), key.target) == batch.targets.end())
            batch.targets.push_back(key.target);
        if (alone || batch.slots.size() >= cap || bytes >= room_for.bytes) break;
    }
    // Within a batch that is accepted in order, the log's order costs nothing.
    if (options_.limits.same_key == SameKeyInBatch::in_order)
        std::sort(batch.slots.begin(), batch.slots.end(),
                  [&](SlotIndex a, SlotIndex b) { return slots_[a].sequence < slots_[b].sequence; });
}

/// Takes a key's first event and, where events of a key may share a batch, those behind it that fit.
std::uint32_t Lane::take_run(Key& key, Batch& batch, std::uint64_t most_bytes, std::uint64_t& bytes,
                             std::uint64_t& cap) {
    std::uint64_t run_bytes = 0;
    std::uint64_t run_limit =
        options_.limits.same_key == SameKeyInBatch::atomic_run ? options_.limits.max_run_bytes : 0;
    std::uint32_t taken = 0;
    for (SlotIndex at = key.head; at != kNoSlot; at = slots_[at].next) {
        const Slot& slot = slots_[at];
        std::uint64_t limit = slot.batch_cap == 0 ? cap : std::min<std::uint64_t>(cap, slot.batch_cap);
        if (taken > 0 && (!runs() || !(slot.flags & kResident) || slot.flags & (kAlone | kDoomed | kLost) ||
                          batch.slots.size() >= limit || bytes + slot.size > most_bytes ||
                          (run_limit != 0 && run_bytes + slot.size > run_limit)))
            break;
        batch.slots.push_back(at);
        bytes += slot.size;
        run_bytes += slot.size;
        cap = limit;
        ++taken;
        if (slot.flags & kAlone) break;
    }
    return taken;
}

void Lane::dispatch(BatchIndex index, SteadyTime now) {
    last_moved_ = now;
    const Batch& batch = batches_[index];
    std::uint64_t bytes = 0;
    if (!byte_rate_.unlimited())
        for (SlotIndex slot : batch.slots) bytes += slots_[slot].body_bytes;
    event_rate_.take(batch.slots.size());
    byte_rate_.take(bytes);
    for (TargetIndex each : batch.targets) ++targets_[each].in_flight;
    groups_[group_of(batch.targets.front())].pace.take(batch.slots.size());
    in_flight_events_ += batch.slots.size();
    ++in_flight_batches_;
}

}  // namespace sluice
