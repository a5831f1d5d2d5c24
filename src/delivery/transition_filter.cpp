#include "delivery/transition_filter.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice {
namespace {

/// What it is to be counted as; nullopt while a person's pause hides it.
std::optional<Trouble> trouble_of(const IntegrationCondition& condition) {
    switch (condition.state) {
        case IntegrationState::failing:
            return Trouble::failing;
        case IntegrationState::blocked:
            return Trouble::blocked;
        case IntegrationState::paused:
            return condition.paused_by_dead_letter ? std::optional(Trouble::paused) : std::nullopt;
        case IntegrationState::running:
        case IntegrationState::throttled:  // slower than it would like to be, and delivering
            break;
    }
    return Trouble::none;
}

TransitionFilter::Kind kind_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::failing:
            return TransitionFilter::Kind::failing;
        case Trouble::blocked:
            return TransitionFilter::Kind::blocked;
        case Trouble::paused:
            return TransitionFilter::Kind::paused;
        case Trouble::none:
            break;
    }
    return TransitionFilter::Kind::recovered;
}

/// A level is reached at its share, and left a tenth below.
BoundLevel level_of(double share, BoundLevel before) {
    constexpr double kSlack = 0.1;
    if (share >= (before == BoundLevel::nine_tenths ? 0.9 - kSlack : 0.9)) return BoundLevel::nine_tenths;
    if (share >= (before == BoundLevel::none ? 0.5 : 0.5 - kSlack)) return BoundLevel::half;
    return BoundLevel::none;
}

}  // namespace

std::string_view to_string(Trouble trouble) noexcept {
    switch (trouble) {
        case Trouble::none:
            return "none";
        case Trouble::failing:
            return "failing";
        case Trouble::blocked:
            return "blocked";
        case Trouble::paused:
            return "paused";
    }
    return "none";
}

std::string_view to_string(BoundLevel level) noexcept {
    switch (level) {
        case BoundLevel::none:
            return "below_half";
        case BoundLevel::half:
            return "half";
        case BoundLevel::nine_tenths:
            return "nine_tenths";
    }
    return "below_half";
}

std::string_view to_string(TransitionFilter::Kind kind) noexcept {
    using Kind = TransitionFilter::Kind;
    switch (kind) {
        case Kind::failing:
            return "failing";
        case Kind::blocked:
            return "blocked";
        case Kind::paused:
            return "paused";
        case Kind::recovered:
            return "recovered";
        case Kind::flapping:
            return "flapping";
        case Kind::backlog:
            return "backlog";
        case Kind::dead_letters:
            return "dead_letters";
        case Kind::lost:
            return "events_lost";
    }
    return "failing";
}

bool TransitionFilter::Memory::is_empty() const noexcept {
    return told == Trouble::none && seen == Trouble::none && backlog == BoundLevel::none &&
           dead_letters == BoundLevel::none && lost == 0 && changes.empty();
}

TransitionFilter::TransitionFilter(TellingPace pace, const std::map<std::string, Trouble>& told) : pace_(pace) {
    for (const auto& [id, trouble] : told) {
        if (trouble != Trouble::none) memory_[id].told = trouble;
    }
}

std::vector<TransitionFilter::Change> TransitionFilter::look(std::span<const IntegrationCondition> conditions,
                                                             SteadyTime now) {
    std::vector<Change> out;
    ++looks_;
    for (const IntegrationCondition& condition : conditions) {
        Memory& memory = memory_[condition.id];
        memory.look = looks_;
        look_at(memory, condition, now, out);
    }
    for (auto at = memory_.begin(); at != memory_.end();) {
        Memory& memory = at->second;
        if (memory.look != looks_) {
            memory.look = looks_;
            IntegrationCondition quiet;
            quiet.id = at->first;
            look_at(memory, quiet, now, out);
        }
        at = memory.is_empty() ? memory_.erase(at) : std::next(at);
    }
    return out;
}

void TransitionFilter::look_at(Memory& memory, const IntegrationCondition& condition, SteadyTime now,
                               std::vector<Change>& out) {
    look_at_trouble(memory, condition, now, out);
    auto look_at_bound = [&](BoundLevel& told, double share, Kind kind) {
        BoundLevel level = level_of(share, told);
        if (level == told) return;
        told = level;
        Change change;
        change.id = condition.id;
        change.kind = kind;
        change.level = level;
        change.share = share;
        out.push_back(std::move(change));
    };
    look_at_bound(memory.backlog, condition.backlog, Kind::backlog);
    look_at_bound(memory.dead_letters, condition.dead_letters, Kind::dead_letters);

    // Less than before: it was started anew, and counts from nothing.
    if (condition.lost < memory.lost) memory.lost = 0;
    if (condition.lost == memory.lost) return;
    if (memory.lost_ever_told && now < memory.lost_told_at + pace_.lost_every) return;
    Change change;
    change.id = condition.id;
    change.kind = Kind::lost;
    change.lost = condition.lost - std::exchange(memory.lost, condition.lost);
    memory.lost_told_at = now;
    memory.lost_ever_told = true;
    out.push_back(std::move(change));
}

void TransitionFilter::look_at_trouble(Memory& memory, const IntegrationCondition& condition, SteadyTime now,
                                       std::vector<Change>& out) {
    while (!memory.changes.empty() && memory.changes.front() + pace_.window <= now) memory.changes.pop_front();
    std::optional<Trouble> trouble = trouble_of(condition);
    if (!trouble) {
        // Whatever it is when it goes on has to hold from then on.
        memory.since = now;
        return;
    }
    if (!memory.since || *trouble != memory.seen) memory.since = now;
    memory.seen = *trouble;
    // After a flapping, what it ended as is told, also when that is what was told before it.
    bool settled = memory.flapping && now >= *memory.since + pace_.quiet;
    if (settled) {
        memory.flapping = false;
        memory.changes.clear();
    }
    if (!settled && (memory.flapping || memory.seen == memory.told)) return;
    std::chrono::seconds hold = memory.seen == Trouble::none     ? pace_.recovery
                                : memory.seen == Trouble::paused ? std::chrono::seconds(0)
                                                                 : pace_.trouble;
    if (now < *memory.since + hold) return;
    Change change;
    change.id = condition.id;
    change.since = memory.since;
    change.before = memory.told;
    if (memory.changes.size() >= pace_.most_changes) {
        // From here on only what lasts is told.
        memory.flapping = true;
        change.kind = Kind::flapping;
        change.changes = memory.changes.size();
    } else {
        memory.changes.push_back(now);
        memory.told = memory.seen;
        change.kind = kind_of(memory.seen);
    }
    out.push_back(std::move(change));
}

}  // namespace sluice
