#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/object_codec.hpp"
#include "store/object_index.hpp"
#include "store/rocks_database.hpp"

namespace sluice {

/// For this long after its first use an idempotency key makes a repeated POST safe.
constexpr std::chrono::hours kIdempotencyLife{24};

/// The ObjectIndex on RocksDB. Three concerns, three files: object_index_apply.cpp, object_index_read.cpp and
/// object_index_retention.cpp.
class RocksObjectIndex final : public ObjectIndex {
  public:
    RocksObjectIndex(std::shared_ptr<RocksDatabase> database, const EventLog& log, const Clock& clock,
                     ObjectRetention retention, OnDamage on_damage);
    Result<void> load_watermarks();

    Sequence watermark(Partition partition) const override;
    Result<void> catch_up(const std::function<void(Sequence at, Sequence head)>& progress) override;
    Result<void> apply(const CommittedBatch& batch) override;

    Result<Event> get(const Key& key) const override;
    Result<ListPage> list(const ListQuery& query) const override;
    Result<std::optional<IdempotentAnswer>> find_idempotency_key(std::string_view org,
                                                                 std::string_view key) const override;

    Result<void> rescue(Partition partition, Sequence first, Sequence last) override;
    Result<bool> expire() override;

  private:
    // Applying; with writer_mutex_ held.
    Result<void> apply_from_log(Partition partition, Sequence to);
    Result<void> apply_events(Partition partition, const std::vector<Event>& events, Sequence last);
    Result<void> add_object(const Event& event);
    void add_answer(const Event& event);
    Result<std::optional<ObjectEntry>> read_entry(const std::string& key, std::string& value) const;

    // Reading.
    Result<std::optional<Event>> event_at(const ObjectEntry& entry, const Key& key) const;
    bool is_past_retention(ObjectType type, Timestamp updated, Timestamp now) const;

    /// Neighbouring records that cannot be read; the error is the first one's.
    struct DamagedRun {
        Sequence first = 0;
        Sequence last = 0;
        Error error;
    };
    static const DamagedRun* run_with(const std::vector<DamagedRun>& damage, Sequence sequence);
    // Retention; these take writer_mutex_ step by step.
    Result<Sequence> rescue_one_by_one(const ReadRequest& request, std::vector<DamagedRun>& damage);
    void tell_of(Partition partition, const std::vector<DamagedRun>& damage);
    Result<void> forget_objects_in(Partition partition, const std::vector<DamagedRun>& damage);
    Result<void> forget_objects(Partition partition, std::span<const std::string> keys,
                                const std::vector<DamagedRun>& damage);
    Result<void> rescue_events(std::span<const Event> events);
    // With writer_mutex_ held.
    Result<bool> sweep(char letter, std::size_t& budget);
    Result<void> delete_if_over(std::string_view key, std::string_view value, Timestamp now,
                                rocksdb::WriteBatch& batch);

    const std::shared_ptr<RocksDatabase> database_;
    const EventLog& log_;
    const Clock& clock_;
    const ObjectRetention retention_;
    const OnDamage on_damage_;

    /// Whoever reads an entry in order to change it holds this: apply(), rescue() and expire() run on their own
    /// threads.
    std::mutex writer_mutex_;
    std::vector<std::atomic<Sequence>> watermarks_;
    std::vector<Sequence> damage_told_;  ///< up to here, per partition
    std::string sweep_from_;             ///< the key where expire() goes on; empty: at the first
    std::uint64_t bytes_since_flush_ = 0;
    // Reused from batch to batch.
    rocksdb::WriteBatch batch_;
    std::string key_;
    std::string value_;
    std::string old_value_;
};

}  // namespace sluice
