#include <fmt/format.h>

#include <algorithm>

#include "store/rocks_object_index.hpp"

namespace sluice {
namespace {

/// How long writers wait for one step of rescue() or expire(): well under a millisecond's work.
constexpr std::size_t kRescueAtATime = 64;
constexpr std::size_t kSweepAtATime = 1000;

std::string events_of(Sequence first, Sequence last) {
    return first == last ? fmt::format("event {}", first) : fmt::format("events {} to {}", first, last);
}

}  // namespace

Result<void> RocksObjectIndex::rescue(Partition partition, Sequence first, Sequence last) {
    if (watermark(partition) < last) {
        return make_error(Errc::unavailable,
                          "the object index has come to event " + std::to_string(watermark(partition)) +
                              " only; events up to " + std::to_string(last) + " are still needed",
                          "The log is trimmed as soon as it has caught up.");
    }
    ReadRequest request;
    request.partition = partition;
    request.from = first;
    request.to = last;
    std::vector<DamagedRun> damage;
    while (request.from <= last) {
        auto page = log_.read(request);
        if (!page && page.error().code == Errc::corrupt) {
            auto next = rescue_one_by_one(request, damage);
            if (!next) return next.error();
            request.from = next.value();
            continue;
        }
        if (!page) return page.error();
        std::span<const Event> events = page.value().events;
        while (!events.empty()) {
            auto some = events.first(std::min(events.size(), kRescueAtATime));
            if (auto rescued = rescue_events(some); !rescued) return rescued;
            events = events.subspan(some.size());
        }
        request.from = page.value().next;
        if (page.value().at_end) break;
    }
    if (!damage.empty()) {
        tell_of(partition, damage);
        if (auto forgotten = forget_objects_in(partition, damage); !forgotten) return forgotten;
    }
    // On stable storage before the log lets go: what was rescued, and the watermark, so that no start asks for these
    // events.
    return database_->flush_family(database_->objects(), true);
}

/// Where a page could not be read: its events one by one, without those that are damaged. Gives where to go on.
Result<Sequence> RocksObjectIndex::rescue_one_by_one(const ReadRequest& request, std::vector<DamagedRun>& damage) {
    // Asks for the segment's index alone. Without it every single read would scan the segment again, in vain.
    if (auto indexed = log_.count(request.partition, request.from, request.to, EventFilter()); !indexed) {
        if (indexed.error().code != Errc::corrupt) return indexed.error();
        damage.push_back({request.from, request.to, indexed.error()});
        return request.to + 1;
    }
    const Sequence last = std::min(request.to, request.from + request.max_events - 1);
    for (Sequence sequence = request.from; sequence <= last; ++sequence) {
        auto event = log_.get({request.partition, sequence});
        if (event) {
            if (auto rescued = rescue_events({&event.value(), 1}); !rescued) return rescued.error();
            continue;
        }
        if (event.error().code != Errc::corrupt) return event.error();
        if (!damage.empty() && damage.back().last + 1 == sequence) {
            damage.back().last = sequence;
        } else {
            damage.push_back({sequence, sequence, event.error()});
        }
    }
    return last + 1;
}

void RocksObjectIndex::tell_of(Partition partition, const std::vector<DamagedRun>& damage) {
    for (const DamagedRun& run : damage) {
        Sequence first = run.first;
        {
            // A trim that failed comes again.
            std::lock_guard writer(writer_mutex_);
            Sequence& told = damage_told_.at(partition);
            first = std::max(first, told + 1);
            told = std::max(told, run.last);
        }
        if (first > run.last || !on_damage_) continue;
        on_damage_({run.last - first + 1, 0,
                    fmt::format("{} of the log cannot be read and will go with the segment; an integration that still "
                                "needs what may match there counts it as lost: {}",
                                events_of(first, run.last), run.error.message)});
    }
}

/// An entry must not point to what is no more. Looks through all entries: damage is rare.
Result<void> RocksObjectIndex::forget_objects_in(Partition partition, const std::vector<DamagedRun>& damage) {
    std::vector<std::string> keys;
    {
        PrefixScan scan(*database_, database_->objects(), std::string(1, kEntryLetter), PrefixScan::Direction::forward,
                        false);
        for (; scan.valid(); scan.next()) {
            auto entry = decode_entry(scan.value());
            if (!entry) return entry.error();
            const LogPosition& at = entry.value().position;
            if (entry.value().rescued || at.partition != partition || run_with(damage, at.sequence) == nullptr)
                continue;
            keys.push_back(kEntryLetter + std::string(scan.key()));
        }
        if (auto ended = scan.status(); !ended) return ended;
    }
    std::span<const std::string> left = keys;
    while (!left.empty()) {
        auto some = left.first(std::min(left.size(), kRescueAtATime));
        if (auto forgotten = forget_objects(partition, some, damage); !forgotten) return forgotten;
        left = left.subspan(some.size());
    }
    return {};
}

Result<void> RocksObjectIndex::forget_objects(Partition partition, std::span<const std::string> keys,
                                              const std::vector<DamagedRun>& damage) {
    std::vector<std::string> gone;
    {
        std::lock_guard writer(writer_mutex_);
        batch_.Clear();
        const Timestamp now = clock_.now();
        for (const std::string& key : keys) {
            auto entry = read_entry(key, old_value_);
            if (!entry) return entry.error();
            // Written again or deleted since it was looked at?
            if (!entry.value() || entry.value()->rescued || entry.value()->position.partition != partition) continue;
            const DamagedRun* run = run_with(damage, entry.value()->position.sequence);
            auto names = names_of_object_key(key);
            if (run == nullptr || !names) continue;
            batch_.Delete(database_->objects(), key);
            if (is_past_retention(names->type, entry.value()->updated, now)) continue;
            gone.push_back(fmt::format("object {}/{}/{} of {} is gone: event {}, its latest, cannot be read ({})",
                                       to_string(names->type), names->rec_type, names->id, names->org,
                                       entry.value()->position.sequence, run->error.message));
        }
        if (batch_.Count() == 0) return {};
        if (auto written = database_->write(batch_, Durability::rebuilt); !written) return written;
    }
    for (std::string& message : gone) {
        if (on_damage_) on_damage_({0, 1, std::move(message)});
    }
    return {};
}

const RocksObjectIndex::DamagedRun* RocksObjectIndex::run_with(const std::vector<DamagedRun>& damage,
                                                               Sequence sequence) {
    auto after = std::upper_bound(damage.begin(), damage.end(), sequence,
                                  [](Sequence wanted, const DamagedRun& run) { return wanted < run.first; });
    if (after == damage.begin() || (after - 1)->last < sequence) return nullptr;
    return &*(after - 1);
}

Result<void> RocksObjectIndex::rescue_events(std::span<const Event> events) {
    std::lock_guard writer(writer_mutex_);
    batch_.Clear();
    const Timestamp now = clock_.now();
    for (const Event& event : events) {
        if (!event->kept_as_object || event->event_type == EventType::remove) continue;
        key_.clear();
        if (!object_key({event->org, event->object_type, event->rec_type, event->id}, key_)) continue;
        auto read = read_entry(key_, old_value_);
        if (!read) return read.error();
        if (!read.value() || read.value()->position != event.position() || read.value()->rescued) continue;
        ObjectEntry entry = *read.value();
        if (is_past_retention(event->object_type, entry.updated, now)) {
            batch_.Delete(database_->objects(), key_);
            continue;
        }
        value_.clear();
        encode_rescued(event, value_);
        batch_.Put(database_->objects(), rescued_key(entry.position), value_);
        entry.rescued = true;
        value_.clear();
        encode_entry(entry, value_);
        batch_.Put(database_->objects(), key_, value_);
    }
    if (batch_.Count() == 0) return {};
    return database_->write(batch_, Durability::rebuilt);
}

Result<bool> RocksObjectIndex::expire() {
    std::lock_guard writer(writer_mutex_);
    std::size_t budget = kSweepAtATime;
    // Answers' keys stand before entries'; nothing else expires.
    for (char letter : {kAnswerLetter, kEntryLetter}) {
        if (!sweep_from_.empty() && sweep_from_.front() != letter) continue;
        auto more = sweep(letter, budget);
        if (!more || more.value()) return more;
    }
    return false;
}

/// Goes on through one kind of keys for as long as the budget lasts; true when it ran out.
Result<bool> RocksObjectIndex::sweep(char letter, std::size_t& budget) {
    batch_.Clear();
    const Timestamp now = clock_.now();
    PrefixScan scan(*database_, database_->objects(), std::string(1, letter), PrefixScan::Direction::forward, false);
    if (!sweep_from_.empty()) scan.seek(std::string_view(sweep_from_).substr(1));
    sweep_from_.clear();
    for (; scan.valid(); scan.next()) {
        key_.assign(1, letter).append(scan.key());
        if (budget == 0) {
            sweep_from_ = key_;
            break;
        }
        --budget;
        if (auto done = delete_if_over(key_, scan.value(), now, batch_); !done) return done.error();
    }
    if (auto ended = scan.status(); !ended) return ended.error();
    if (batch_.Count() > 0) {
        if (auto written = database_->write(batch_, Durability::rebuilt); !written) return written.error();
    }
    return !sweep_from_.empty();
}

Result<void> RocksObjectIndex::delete_if_over(std::string_view key, std::string_view value, Timestamp now,
                                              rocksdb::WriteBatch& batch) {
    if (key.front() == kAnswerLetter) {
        auto answer = decode_answer(value);
        if (!answer) return answer.error();
        if (now - answer.value().at >= kIdempotencyLife) batch.Delete(database_->objects(), slice(key));
        return {};
    }
    auto entry = decode_entry(value);
    if (!entry) return entry.error();
    auto names = names_of_object_key(key);
    if (!names || !is_past_retention(names->type, entry.value().updated, now)) return {};
    batch.Delete(database_->objects(), slice(key));
    if (entry.value().rescued) batch.Delete(database_->objects(), rescued_key(entry.value().position));
    return {};
}

}  // namespace sluice
