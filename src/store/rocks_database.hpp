#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/database.hpp"

namespace sluice {

/// How a write is kept.
enum class Durability {
    rebuilt,   ///< without RocksDB's log: lost with the process unless flushed, and derived again from the event log
    buffered,  ///< in RocksDB's log, handed to the operating system: survives the process, not the machine
    synced,    ///< on stable storage
};

/// The Database as the stores of this module see it: RocksDB with its column families, its errors told as ours, and
/// back at work by itself when a full disk has room again. Internal to `store`. Thread: any.
class RocksDatabase final : public Database {
  public:
    /// `env`: where files live; tests put a failing one here.
    static Result<std::shared_ptr<RocksDatabase>> open_in(const std::string& folder, rocksdb::Env* env);
    /// As Database::open_view().
    static Result<std::shared_ptr<RocksDatabase>> view_of(const std::string& folder);
    /// The store's own view of a Database, which is always one of these.
    static std::shared_ptr<RocksDatabase> of(std::shared_ptr<Database> database);
    ~RocksDatabase() override;

    Result<void> flush() override;
    std::uint64_t bytes_on_disk() const override;
    Result<void> verify_checksums() const override;
    Result<void> copy_to(const std::string& folder, const CopyProgress& progress) const override;

    rocksdb::ColumnFamilyHandle* objects() const noexcept { return families_[kObjects]; }
    rocksdb::ColumnFamilyHandle* cursors() const noexcept { return families_[kCursors]; }
    rocksdb::ColumnFamilyHandle* control() const noexcept { return families_[kControl]; }

    /// nullopt when the key is not there.
    Result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* family, std::string_view key) const;
    rocksdb::DB& rocks() const noexcept { return *db_; }

    /// Applies the batch, all or nothing.
    Result<void> write(rocksdb::WriteBatch& batch, Durability durability);
    /// Makes what was written `buffered` durable.
    Result<void> sync();
    /// Makes one family's memory table durable; without `wait` it is only begun.
    Result<void> flush_family(rocksdb::ColumnFamilyHandle* family, bool wait);

    /// RocksDB's words for a failure as ours: where, what, and what to do.
    Error to_error(const rocksdb::Status& status) const;

  private:
    enum Family { kDefault, kObjects, kCursors, kControl, kFamilyCount };

    RocksDatabase(std::string folder, std::unique_ptr<rocksdb::DB> db,
                  const std::vector<rocksdb::ColumnFamilyHandle*>& families);
    /// Writes the record where there is none, unless this is a view.
    Result<void> check_format();
    bool resumed_after_full_disk(const rocksdb::Status& status);

    std::string folder_;
    std::string scratch_;  ///< of a view: where RocksDB keeps its own notes; removed with it
    std::unique_ptr<rocksdb::DB> db_;
    std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> families_{};
    std::mutex resume_mutex_;
};

/// What a view leaves behind. `folder` may be empty.
void remove_scratch(const std::string& folder);

/// Walks the keys of one family that start with `prefix`, first to last or last to first. Sees the family as it was
/// when the scan began. After the loop, status() says whether it ended because there was no more.
class PrefixScan {
  public:
    enum class Direction { forward, backward };
    /// `fill_cache`: false for sweeps, which would push out what readers use.
    PrefixScan(const RocksDatabase& database, rocksdb::ColumnFamilyHandle* family, std::string prefix,
               Direction direction = Direction::forward, bool fill_cache = true);
    PrefixScan(const PrefixScan&) = delete;
    PrefixScan& operator=(const PrefixScan&) = delete;

    bool valid() const { return iterator_->Valid(); }
    void next();
    /// Goes on with the first key at or after prefix + `rest` (forward scans).
    void seek(std::string_view rest);
    /// Without the prefix.
    std::string_view key() const;
    std::string_view value() const { return {iterator_->value().data(), iterator_->value().size()}; }
    Result<void> status() const;

  private:
    const RocksDatabase& database_;
    const std::string prefix_;
    const std::string end_;
    const rocksdb::Slice lower_bound_;  // the iterator keeps pointers to these two
    const rocksdb::Slice upper_bound_;
    const Direction direction_;
    std::unique_ptr<rocksdb::Iterator> iterator_;
};

inline rocksdb::Slice slice(std::string_view text) {
    return {text.data(), text.size()};
}

/// The smallest key greater than every key that starts with `prefix`; empty when there is none.
std::string after_prefix(std::string prefix);

}  // namespace sluice
