#include "store/cursor_store.hpp"

#include <map>
#include <mutex>

#include "store/cursor_codec.hpp"
#include "store/rocks_database.hpp"
#include "store/stored_bytes.hpp"

namespace sluice {
namespace {

Result<void> check_id(std::string_view integration) {
    if (integration.empty() || integration.size() > 255) {
        return make_error(Errc::invalid_argument, "an integration's id has 1 to 63 bytes");
    }
    return {};
}

/// Adds to a batch what happens to dead letters, and keeps their totals true: also when the batch touches one of them,
/// or one integration, several times.
class DeadLetterChanges {
  public:
    DeadLetterChanges(const RocksDatabase& database, rocksdb::WriteBatch& batch) : database_(database), batch_(batch) {}

    /// Reads what is stored of whatever this commit touches: put() and erase() need it. After an error nothing of the
    /// commit may be added.
    Result<void> look_up(const CursorStore::Commit& commit) {
        if (auto totals = look_up_totals(totals_key(commit.integration)); !totals) return totals;
        for (const DeadLetter& letter : commit.dead_letters)
            if (auto size = look_up_size(dead_letter_key(commit.integration, letter.position)); !size) return size;
        for (LogPosition position : commit.erased_dead_letters)
            if (auto size = look_up_size(dead_letter_key(commit.integration, position)); !size) return size;
        return {};
    }

    void put(std::string_view integration, const DeadLetter& letter) {
        value_.clear();
        encode_dead_letter(letter, value_);
        change(integration, letter.position, value_.size());
    }
    void erase(std::string_view integration, LogPosition position) { change(integration, position, 0); }

    void write_totals() {
        for (const auto& [key, totals] : totals_) batch_.Put(database_.cursors(), key, encode_totals(totals));
    }

  private:
    /// `size`: of the value to put, 0 to delete.
    void change(std::string_view integration, LogPosition position, std::size_t size) {
        CursorStore::DeadLetterTotals& totals = totals_.at(totals_key(integration));
        std::string key = dead_letter_key(integration, position);
        std::size_t& old_size = sizes_.at(key);
        if (size == 0 && old_size == 0) return;

        totals.count += (size != 0) - (old_size != 0);
        totals.bytes += size - old_size;
        if (size == 0) {
            batch_.Delete(database_.cursors(), key);
        } else {
            batch_.Put(database_.cursors(), key, value_);
        }
        old_size = size;
    }

    Result<void> look_up_totals(std::string key) {
        if (totals_.contains(key)) return {};
        auto stored = database_.get(database_.cursors(), key);
        if (!stored) return stored.error();
        CursorStore::DeadLetterTotals totals;
        if (stored.value()) {
            auto decoded = decode_totals(*stored.value());
            if (!decoded) return decoded.error();
            totals = decoded.value();
        }
        totals_.emplace(std::move(key), totals);
        return {};
    }

    Result<void> look_up_size(std::string key) {
        if (sizes_.contains(key)) return {};
        auto stored = database_.get(database_.cursors(), key);
        if (!stored) return stored.error();
        sizes_.emplace(std::move(key), stored.value() ? stored.value()->size() : 0);
        return {};
    }

    const RocksDatabase& database_;
    rocksdb::WriteBatch& batch_;
    std::map<std::string, CursorStore::DeadLetterTotals> totals_;  // by key, as they will be
    std::map<std::string, std::size_t> sizes_;  // of what this batch touches, as they will be; 0: not there
    std::string value_;
};

class RocksCursorStore final : public CursorStore {
  public:
    explicit RocksCursorStore(std::shared_ptr<RocksDatabase> database) : database_(std::move(database)) {}

    Result<std::vector<Cursor>> load(std::string_view integration) const override {
        if (auto valid = check_id(integration); !valid) return valid.error();
        std::vector<Cursor> cursors;
        PrefixScan scan(*database_, database_->cursors(), key_prefix('c', integration));
        for (; scan.valid(); scan.next()) {
            StoredBytesReader key(scan.key());
            Partition partition = key.big_endian_u32();
            auto cursor = decode_cursor(partition, scan.value());
            if (!cursor) return of_integration(cursor.error(), integration);
            cursors.push_back(std::move(cursor.value()));
        }
        if (auto ended = scan.status(); !ended) return ended.error();
        return cursors;
    }

    Result<std::vector<Refused>> commit(std::span<const Commit> commits) override {
        rocksdb::WriteBatch batch;
        DeadLetterChanges changes(*database_, batch);
        std::unique_lock letters(letters_mutex_, std::defer_lock);
        std::vector<Refused> refused;
        for (std::size_t i = 0; i < commits.size(); ++i) {
            const Commit& commit = commits[i];
            if (auto valid = check_id(commit.integration); !valid) return valid.error();
            bool has_letters = !commit.dead_letters.empty() || !commit.erased_dead_letters.empty();
            // Totals are read, changed and written: nobody may come between.
            if (has_letters && !letters) letters.lock();
            // One whose stored bytes are damaged must not keep the others' cursors, and with them the log, where they
            // are. All that can fail comes before the first change.
            auto added = has_letters ? changes.look_up(commit) : Result<void>();
            if (added) added = add_targets(commit, batch);
            if (!added && added.error().code != Errc::corrupt) return added.error();
            if (!added) {
                refused.push_back({i, of_integration(added.error(), commit.integration)});
                continue;
            }
            add(commit, changes, batch);
        }
        changes.write_totals();
        if (auto written = database_->write(batch, Durability::buffered); !written) return written.error();
        return refused;
    }

    Result<void> sync() override { return database_->sync(); }

    Result<DeadLetterPage> dead_letters(std::string_view integration, LogPosition after, std::size_t limit,
                                        std::size_t most_bytes) const override {
        if (auto valid = check_id(integration); !valid) return valid.error();
        DeadLetterPage page;
        std::size_t bytes = 0;
        std::string start;
        StoredBytesWriter writer(start);
        writer.big_endian_u32(after.partition);
        writer.big_endian_u64(after.sequence);
        writer.u8(0);  // the first key that can follow
        PrefixScan scan(*database_, database_->cursors(), key_prefix('d', integration));
        for (scan.seek(start); scan.valid(); scan.next()) {
            if (page.items.size() >= limit || (bytes >= most_bytes && !page.items.empty())) {
                page.next = page.items.empty() ? after : page.items.back().position;
                break;
            }
            StoredBytesReader key(scan.key());
            LogPosition position;
            position.partition = key.big_endian_u32();
            position.sequence = key.big_endian_u64();
            auto letter = decode_dead_letter(position, scan.value());
            if (!letter) return of_integration(letter.error(), integration);
            bytes += scan.value().size();
            page.items.push_back(std::move(letter.value()));
        }
        if (auto ended = scan.status(); !ended) return ended.error();
        return page;
    }

    Result<DeadLetterTotals> dead_letter_totals(std::string_view integration) const override {
        if (auto valid = check_id(integration); !valid) return valid.error();
        auto stored = database_->get(database_->cursors(), totals_key(integration));
        if (!stored) return stored.error();
        if (!stored.value()) return DeadLetterTotals{};
        return decode_totals(*stored.value());
    }

    Result<TakenTargets> taken_targets(std::string_view integration) const override {
        if (auto valid = check_id(integration); !valid) return valid.error();
        TakenTargets targets;
        auto place = database_->get(database_->cursors(), targets_place_key(integration));
        if (!place) return place.error();
        if (!place.value()) return targets;
        auto text = decode_target_text(*place.value());
        if (!text) return of_integration(text.error(), integration);
        targets.place = std::move(text.value());
        PrefixScan scan(*database_, database_->cursors(), key_prefix('n', integration));
        for (; scan.valid(); scan.next()) {
            StoredBytesReader key(scan.key());
            auto name = decode_target_text(scan.value());
            if (name && key.big_endian_u32() != targets.names.size())
                name = make_error(Errc::corrupt, "of the targets taken up, the store has lost some",
                                  "Restore the store's folder from a backup.");
            if (!name) return of_integration(name.error(), integration);
            targets.names.push_back(std::move(name.value()));
        }
        if (auto ended = scan.status(); !ended) return ended.error();
        return targets;
    }

    Result<void> erase(std::string_view integration) override {
        if (auto valid = check_id(integration); !valid) return valid;
        std::lock_guard letters(letters_mutex_);
        rocksdb::WriteBatch batch;
        for (char letter : {'c', 'd', 'n'}) {
            std::string first = key_prefix(letter, integration);
            batch.DeleteRange(database_->cursors(), first, after_prefix(first));
        }
        for (const auto& key : {totals_key(integration), targets_place_key(integration)})
            batch.Delete(database_->cursors(), key);
        return database_->write(batch, Durability::synced);
    }

    Result<std::vector<std::string>> integrations() const override {
        std::vector<std::string> ids;
        PrefixScan scan(*database_, database_->cursors(), "c");
        for (; scan.valid(); scan.next()) {
            StoredBytesReader key(scan.key());
            std::string_view id = key.raw(key.u8());
            if (ids.empty() || ids.back() != id) ids.emplace_back(id);  // one key a partition
        }
        if (auto ended = scan.status(); !ended) return ended.error();
        return ids;
    }

  private:
    void add(const Commit& commit, DeadLetterChanges& changes, rocksdb::WriteBatch& batch) const {
        std::string value;
        encode_cursor(commit.cursor, value);
        batch.Put(database_->cursors(), cursor_key(commit.integration, commit.cursor.position.partition), value);
        for (LogPosition position : commit.erased_dead_letters) changes.erase(commit.integration, position);
        for (const DeadLetter& letter : commit.dead_letters) changes.put(commit.integration, letter);
    }

    /// Changes nothing when it fails.
    Result<void> add_targets(const Commit& commit, rocksdb::WriteBatch& batch) {
        if (commit.new_targets.names.empty()) return {};
        auto number = static_cast<std::uint32_t>(commit.targets_before);
        if (number == 0) {
            // Once in an integration's life, or when its place changes: only then can there be others to forget.
            std::string place = targets_place_key(commit.integration);
            auto before = database_->get(database_->cursors(), place);
            if (!before) return before.error();
            std::string first = key_prefix('n', commit.integration);
            if (before.value()) batch.DeleteRange(database_->cursors(), first, after_prefix(first));
            batch.Put(database_->cursors(), place, encode_target_text(commit.new_targets.place));
        }
        for (const std::string& name : commit.new_targets.names)
            batch.Put(database_->cursors(), target_key(commit.integration, number++), encode_target_text(name));
        return {};
    }

    static Error of_integration(Error error, std::string_view integration) {
        error.message += " (integration " + std::string(integration) + ")";
        return error;
    }

    std::shared_ptr<RocksDatabase> database_;
    std::mutex letters_mutex_;
};

}  // namespace

Result<std::unique_ptr<CursorStore>> CursorStore::open(std::shared_ptr<Database> database) {
    return std::unique_ptr<CursorStore>(new RocksCursorStore(RocksDatabase::of(std::move(database))));
}

}  // namespace sluice
