#include "store/control_store.hpp"

#include "store/rocks_database.hpp"
#include "store/stored_bytes.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxKindBytes = 255;

/// One length byte and the kind, then the name: no kind is a prefix of another's keys, whatever bytes they are made of.
Result<std::string> key_of(std::string_view kind, std::string_view name) {
    if (kind.empty() || kind.size() > kMaxKindBytes) {
        return make_error(Errc::invalid_argument, "a control record's kind has 1 to 255 bytes");
    }
    std::string key;
    StoredBytesWriter writer(key);
    writer.u8(static_cast<std::uint8_t>(kind.size()));
    writer.raw(kind);
    writer.raw(name);
    return key;
}

class RocksControlStore final : public ControlStore {
  public:
    explicit RocksControlStore(std::shared_ptr<RocksDatabase> database) : database_(std::move(database)) {}

    Result<std::optional<std::string>> get(std::string_view kind, std::string_view name) const override {
        auto key = key_of(kind, name);
        if (!key) return key.error();
        return database_->get(database_->control(), key.value());
    }

    Result<void> put(std::string_view kind, std::string_view name, std::string_view value) override {
        return put_all(kind, {{std::string(name), std::string(value)}});
    }

    Result<void> put_all(std::string_view kind,
                         const std::vector<std::pair<std::string, std::string>>& records) override {
        rocksdb::WriteBatch batch;
        for (const auto& [name, value] : records) {
            auto key = key_of(kind, name);
            if (!key) return key.error();
            batch.Put(database_->control(), key.value(), slice(value));
        }
        return database_->write(batch, Durability::synced);
    }

    Result<void> erase(std::string_view kind, std::string_view name) override {
        auto key = key_of(kind, name);
        if (!key) return key.error();
        rocksdb::WriteBatch batch;
        batch.Delete(database_->control(), key.value());
        return database_->write(batch, Durability::synced);
    }

    Result<std::vector<std::pair<std::string, std::string>>> list(std::string_view kind) const override {
        auto prefix = key_of(kind, {});
        if (!prefix) return prefix.error();
        std::vector<std::pair<std::string, std::string>> records;
        PrefixScan scan(*database_, database_->control(), std::move(prefix.value()));
        for (; scan.valid(); scan.next()) records.emplace_back(scan.key(), scan.value());
        if (auto ended = scan.status(); !ended) return ended.error();
        return records;
    }

    Result<void> purge() override {
        // The write-ahead log goes once no family needs it any more.
        if (auto flushed = database_->flush(); !flushed) return flushed.error();
        rocksdb::CompactRangeOptions all;
        all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
        auto done = database_->rocks().CompactRange(all, database_->control(), nullptr, nullptr);
        if (!done.ok()) return database_->to_error(done);
        return {};
    }

  private:
    std::shared_ptr<RocksDatabase> database_;
};

}  // namespace

Result<std::unique_ptr<ControlStore>> ControlStore::open(std::shared_ptr<Database> database) {
    return std::unique_ptr<ControlStore>(new RocksControlStore(RocksDatabase::of(std::move(database))));
}

}  // namespace sluice
