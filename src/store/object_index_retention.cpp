#include <algorithm>

#include "store/rocks_object_index.hpp"

namespace sluice {
namespace {

/// How long writers wait for one step of rescue() or expire(): well under a millisecond's work.
constexpr std::size_t kRescueAtATime = 64;
constexpr std::size_t kSweepAtATime = 1000;

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
    for (bool at_end = false; !at_end;) {
        auto page = log_.read(request);
        if (!page) return page.error();
        std::span<const Event> events = page.value().events;
        while (!events.empty()) {
            auto some = events.first(std::min(events.size(), kRescueAtATime));
            if (auto rescued = rescue_events(some); !rescued) return rescued;
            events = events.subspan(some.size());
        }
        request.from = page.value().next;
        at_end = page.value().at_end || request.from > last;
    }
    // On stable storage before the log lets go: what was rescued, and the watermark, so that no start asks for these
    // events.
    return database_->flush_family(database_->objects(), true);
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
    auto type = type_of_object_key(key);
    if (!type || !is_past_retention(*type, entry.value().updated, now)) return {};
    batch.Delete(database_->objects(), slice(key));
    if (entry.value().rescued) batch.Delete(database_->objects(), rescued_key(entry.value().position));
    return {};
}

}  // namespace sluice
