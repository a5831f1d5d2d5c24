#include <algorithm>
#include <charconv>

#include "base/assert.hpp"
#include "json/find.hpp"
#include "store/rocks_object_index.hpp"

namespace sluice {
namespace {

/// A start reads at most about this much of the log again, also when few of its events are kept as objects and the
/// memory table hardly grows.
constexpr std::uint64_t kMaxUnflushedEventBytes = 512 << 20;

/// `tstamp`: when the object was created, in epoch milliseconds, the same in all its events.
std::optional<Timestamp> creation_time(std::string_view obj) {
    std::optional<Timestamp> created;
    json::for_each_member(obj, [&created](std::string_view name, std::string_view value) {
        if (name != "\"tstamp\"") return true;
        std::int64_t ms = 0;
        auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), ms);
        if (failed == std::errc() && end == value.data() + value.size()) created = from_epoch_ms(ms);
        return false;
    });
    return created;
}

}  // namespace

RocksObjectIndex::RocksObjectIndex(std::shared_ptr<RocksDatabase> database, const EventLog& log, const Clock& clock,
                                   ObjectRetention retention, OnDamage on_damage)
    : database_(std::move(database)),
      log_(log),
      clock_(clock),
      retention_(retention),
      on_damage_(std::move(on_damage)),
      watermarks_(log.partition_count()),
      damage_told_(log.partition_count()) {}

Result<std::unique_ptr<ObjectIndex>> ObjectIndex::open(std::shared_ptr<Database> database, const EventLog& log,
                                                       const Clock& clock, ObjectRetention retention,
                                                       OnDamage on_damage) {
    auto index = std::make_unique<RocksObjectIndex>(RocksDatabase::of(std::move(database)), log, clock, retention,
                                                    std::move(on_damage));
    if (auto loaded = index->load_watermarks(); !loaded) return loaded.error();
    return std::unique_ptr<ObjectIndex>(std::move(index));
}

Result<void> RocksObjectIndex::load_watermarks() {
    for (Partition partition = 0; partition < watermarks_.size(); ++partition) {
        auto stored = database_->get(database_->objects(), watermark_key(partition));
        if (!stored) return stored.error();
        if (!stored.value()) continue;
        auto sequence = decode_watermark(*stored.value());
        if (!sequence) return sequence.error();
        watermarks_[partition] = sequence.value();
    }
    return {};
}

Sequence RocksObjectIndex::watermark(Partition partition) const {
    return watermarks_.at(partition);
}

Result<void> RocksObjectIndex::catch_up(const std::function<void(Sequence at, Sequence head)>& progress) {
    constexpr Sequence kEventsAtATime = 10'000;
    for (Partition partition = 0; partition < watermarks_.size(); ++partition) {
        const Sequence head = log_.stats(partition).head;
        if (watermark(partition) > head) {
            return make_error(Errc::corrupt,
                              "the store has seen event " + std::to_string(watermark(partition)) +
                                  ", but the log ends at " + std::to_string(head) + ": they are not of the same time",
                              "Restore log and store from the same backup.");
        }
        while (watermark(partition) < head) {
            std::lock_guard writer(writer_mutex_);
            const Sequence to = std::min(head, watermark(partition) + kEventsAtATime);
            if (auto applied = apply_from_log(partition, to); !applied) return applied;
            if (progress) progress(watermark(partition), head);
        }
    }
    return {};
}

Result<void> RocksObjectIndex::apply(const CommittedBatch& batch) {
    std::lock_guard writer(writer_mutex_);
    SLUICE_ASSERT(batch.events.size() == batch.last - batch.first + 1, "sequences have no holes");
    const Sequence applied = watermark(batch.partition);
    if (batch.last <= applied) return {};
    if (batch.first > applied + 1) {
        if (auto filled = apply_from_log(batch.partition, batch.first - 1); !filled) return filled;
    }
    return apply_events(batch.partition, batch.events, batch.last);
}

Result<void> RocksObjectIndex::apply_from_log(Partition partition, Sequence to) {
    while (watermark(partition) < to) {
        ReadRequest request;
        request.partition = partition;
        request.from = watermark(partition) + 1;
        request.to = to;
        auto page = log_.read(request);
        if (!page) return page.error();
        SLUICE_ASSERT(page.value().next > request.from, "a read of the log goes on");
        if (auto done = apply_events(partition, page.value().events, page.value().next - 1); !done) return done;
    }
    return {};
}

Result<void> RocksObjectIndex::apply_events(Partition partition, const std::vector<Event>& events, Sequence last) {
    batch_.Clear();
    std::uint64_t bytes = 0;
    for (const Event& event : events) {
        if (event.sequence() <= watermark(partition)) continue;
        bytes += event->envelope.size();
        if (event->idempotency) add_answer(event);
        if (!event->kept_as_object) continue;
        if (auto added = add_object(event); !added) return added;
    }
    batch_.Put(database_->objects(), watermark_key(partition), encode_watermark(last));
    if (auto written = database_->write(batch_, Durability::rebuilt); !written) return written;
    watermarks_[partition] = last;

    bytes_since_flush_ += bytes;
    if (bytes_since_flush_ >= kMaxUnflushedEventBytes) {
        bytes_since_flush_ = 0;
        // Should it fail, the next start reads more of the log: nothing is lost.
        (void)database_->flush_family(database_->objects(), false);
    }
    return {};
}

Result<void> RocksObjectIndex::add_object(const Event& event) {
    const EventView& view = event.view();
    key_.clear();
    bool fits = object_key({view.org, view.object_type, view.rec_type, view.id}, key_);
    SLUICE_ASSERT(fits, "a record's names have at most 255 bytes");

    ObjectEntry entry;
    entry.position = event.position();
    entry.updated = event.time();
    entry.tags = view.tags;
    std::optional<ObjectEntry> old;
    if (view.event_type != EventType::create) {  // a create has an id of its own: there is nothing to look up
        auto read = read_entry(key_, old_value_);
        if (!read) return read.error();
        old = read.value();
        if (old && old->rescued) batch_.Delete(database_->objects(), rescued_key(old->position));
    }
    if (view.event_type == EventType::remove) {
        batch_.Delete(database_->objects(), key_);
        return {};
    }
    auto created = creation_time(view.obj);
    if (!created && old) created = old->created;
    entry.created = created.value_or(event.time());
    value_.clear();
    encode_entry(entry, value_);
    batch_.Put(database_->objects(), key_, value_);
    return {};
}

void RocksObjectIndex::add_answer(const Event& event) {
    const IdempotencyMark& mark = *event->idempotency;
    if (clock_.now() - event.time() >= kIdempotencyLife) return;
    key_.clear();
    bool fits = answer_key(event->org, mark.key, key_);
    SLUICE_ASSERT(fits, "a record's org has at most 255 bytes");
    value_.clear();
    encode_answer({std::string(mark.body_sha256), event.position(), mark.event_count, event.time()}, value_);
    batch_.Put(database_->objects(), key_, value_);
}

Result<std::optional<ObjectEntry>> RocksObjectIndex::read_entry(const std::string& key, std::string& value) const {
    rocksdb::Status status = database_->rocks().Get(rocksdb::ReadOptions(), database_->objects(), key, &value);
    if (status.IsNotFound()) return std::optional<ObjectEntry>();
    if (!status.ok()) return database_->to_error(status);
    auto entry = decode_entry(value);
    if (!entry) return entry.error();
    return std::optional<ObjectEntry>(entry.value());
}

}  // namespace sluice
