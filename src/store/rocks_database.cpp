#include "store/rocks_database.hpp"

#include <fmt/format.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <rocksdb/status.h>

#include <charconv>
#include <filesystem>
#include <utility>

#include "base/assert.hpp"
#include "store/rocks_options.hpp"

namespace sluice {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::uint64_t kFormat = 1;
/// With less room than this there is no point in trying to go on: RocksDB begins by flushing its memory tables.
constexpr std::uint64_t kRoomToResumeBytes = 16 << 20;

/// What opening takes beside what it writes down of RocksDB's log.
constexpr std::uint64_t kRoomToOpenBytes = 4 << 20;

/// RocksDB's log, which is written down as tables when it is opened again.
std::uint64_t logged_bytes(const std::string& folder) {
    std::uint64_t bytes = 0;
    std::error_code failed;
    for (std::filesystem::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
        std::error_code gone;
        auto size = it->path().extension() == ".log" ? it->file_size(gone) : 0;
        if (!gone) bytes += size;
    }
    return bytes;
}

/// Without room RocksDB does not always open with an error: it can end the process, since it closes a file that could
/// not be written as if that could not happen.
Result<void> check_room_to_open(const std::string& folder, rocksdb::Env* env) {
    std::uint64_t free = 0;
    auto asked = env->GetFileSystem()->GetFreeSpace(folder, rocksdb::IOOptions(), &free, nullptr);
    if (!asked.ok()) return {};
    std::uint64_t needed = kRoomToOpenBytes + logged_bytes(folder);
    if (free >= needed) return {};
    return make_error(
        Errc::exhausted,
        fmt::format("the store in {} cannot be opened: its disk is full ({} KiB are free, {} KiB are needed)", folder,
                    free / 1024, needed / 1024),
        "Free some space on that disk, and start Sluice again.");
}

bool is_disk_full(const rocksdb::Status& status) {
    return status.IsNoSpace() ||
           (status.code() == rocksdb::Status::kIOError && status.subcode() == rocksdb::Status::kSpaceLimit);
}

}  // namespace

Result<std::shared_ptr<Database>> Database::open(const std::string& folder) {
    auto opened = RocksDatabase::open_in(folder, rocksdb::Env::Default());
    if (!opened) return opened.error();
    return std::shared_ptr<Database>(std::move(opened.value()));
}

Result<std::shared_ptr<RocksDatabase>> RocksDatabase::open_in(const std::string& folder, rocksdb::Env* env) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) {
        return make_error(Errc::io, "the store's folder " + folder + " cannot be made: " + failed.message(),
                          "Give data_dir a folder that this user may write to.");
    }
    if (auto room = check_room_to_open(folder, env); !room) return room.error();
    rocksdb::DB* raw = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    rocksdb::Status status = rocksdb::DB::Open(make_db_options(env), folder, make_column_families(), &families, &raw);
    std::shared_ptr<RocksDatabase> database(
        new RocksDatabase(folder, std::unique_ptr<rocksdb::DB>(status.ok() ? raw : nullptr), families));
    if (!status.ok()) return database->to_error(status);
    if (auto checked = database->check_format(); !checked) return checked.error();
    return database;
}

RocksDatabase::RocksDatabase(std::string folder, std::unique_ptr<rocksdb::DB> db,
                             const std::vector<rocksdb::ColumnFamilyHandle*>& families)
    : folder_(std::move(folder)), db_(std::move(db)) {
    for (std::size_t i = 0; i < families.size(); ++i) families_[i] = families[i];
}

RocksDatabase::~RocksDatabase() {
    if (!db_) return;
    for (auto* family : families_) db_->DestroyColumnFamilyHandle(family);
    // Flushes memory tables that RocksDB's log does not cover. Should that fail they are derived again at the next
    // start.
    db_->Close().PermitUncheckedError();
    db_.reset();
    remove_scratch(scratch_);
}

std::shared_ptr<RocksDatabase> RocksDatabase::of(std::shared_ptr<Database> database) {
    auto own = std::dynamic_pointer_cast<RocksDatabase>(std::move(database));
    SLUICE_ASSERT(own, "a store was given a Database that Database::open did not make");
    return own;
}

Result<void> RocksDatabase::check_format() {
    auto* family = families_[kDefault];
    auto record = get(family, kFormatKey);
    if (!record) return record.error();
    if (record.value()) {
        const std::string& text = *record.value();
        std::uint64_t format = 0;
        auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), format);
        if (failed != std::errc() || end != text.data() + text.size()) {
            return make_error(Errc::corrupt, "the store in " + folder_ + " has a format record that is not a number",
                              "Restore the folder from a backup.");
        }
        if (format > kFormat) {
            return make_error(Errc::unsupported,
                              "the store in " + folder_ + " has format " + text +
                                  " and was written by a newer Sluice; " + "this one knows formats up to " +
                                  std::to_string(kFormat),
                              "Start the newer version again, or restore a backup made before the upgrade.");
        }
        return {};
    }
    if (!scratch_.empty()) return {};
    rocksdb::WriteBatch batch;
    batch.Put(family, slice(kFormatKey), std::to_string(kFormat));
    return write(batch, Durability::synced);
}

Result<void> RocksDatabase::flush() {
    for (auto* family : families_) {
        if (auto flushed = flush_family(family, true); !flushed) return flushed;
    }
    return {};
}

Result<void> RocksDatabase::flush_family(rocksdb::ColumnFamilyHandle* family, bool wait) {
    rocksdb::FlushOptions options;
    options.wait = wait;
    options.allow_write_stall = wait;
    rocksdb::Status status = db_->Flush(options, family);
    if (!status.ok() && resumed_after_full_disk(status)) status = db_->Flush(options, family);
    // Without waiting, "too many memory tables" only means that a flush is under way already.
    if (status.ok() || (!wait && status.IsTryAgain())) return {};
    return to_error(status);
}

std::uint64_t RocksDatabase::bytes_on_disk() const {
    std::uint64_t bytes = 0;
    std::error_code failed;
    // Files come and go while this walks; one that is gone counts nothing.
    for (std::filesystem::directory_iterator it(folder_, failed), end; !failed && it != end; it.increment(failed)) {
        std::error_code gone;
        auto size = it->file_size(gone);
        if (!gone) bytes += size;
    }
    return bytes;
}

Result<std::optional<std::string>> RocksDatabase::get(rocksdb::ColumnFamilyHandle* family, std::string_view key) const {
    std::string value;
    rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family, slice(key), &value);
    if (status.ok()) return std::optional<std::string>(std::move(value));
    if (status.IsNotFound()) return std::optional<std::string>();
    return to_error(status);
}

Result<void> RocksDatabase::write(rocksdb::WriteBatch& batch, Durability durability) {
    rocksdb::WriteOptions options;
    options.disableWAL = durability == Durability::rebuilt;
    options.sync = durability == Durability::synced;
    rocksdb::Status status = db_->Write(options, &batch);
    if (!status.ok() && resumed_after_full_disk(status)) status = db_->Write(options, &batch);
    if (!status.ok()) return to_error(status);
    return {};
}

/// By a write of nothing, which takes its turn among the others: SyncWAL() beside or after one that failed is an
/// assertion of RocksDB's, which ends the process.
Result<void> RocksDatabase::sync() {
    rocksdb::WriteBatch nothing;
    return write(nothing, Durability::synced);
}

/// RocksDB refuses every write after the disk was full once, until it is told to go on.
bool RocksDatabase::resumed_after_full_disk(const rocksdb::Status& status) {
    if (!is_disk_full(status)) return false;
    std::uint64_t free = 0;
    auto asked = db_->GetFileSystem()->GetFreeSpace(folder_, rocksdb::IOOptions(), &free, nullptr);
    if (!asked.ok() || free < kRoomToResumeBytes) return false;
    std::lock_guard lock(resume_mutex_);
    return db_->Resume().ok();
}

Error RocksDatabase::to_error(const rocksdb::Status& status) const {
    const std::string words = status.ToString();
    const std::string where = "the store in " + folder_;
    if (is_disk_full(status)) {
        return make_error(Errc::exhausted, where + " cannot write: its disk is full (" + words + ")",
                          "Free some space on that disk; writing goes on by itself.");
    }
    if (status.IsIOError() && words.find("LOCK:") != std::string::npos) {
        return make_error(Errc::conflict, where + " is in use by another process",
                          "Stop the other Sluice, or give this one its own data_dir.");
    }
    if (status.IsInvalidArgument() && words.find("olumn famil") != std::string::npos) {
        return make_error(Errc::unsupported, where + " holds parts that this Sluice does not know (" + words + ")",
                          "It was written by a newer version: start that one, or restore an older backup.");
    }
    if (status.IsCorruption()) {
        return make_error(Errc::corrupt, where + " is damaged (" + words + ")",
                          "Restore the folder from a backup, and look at the disk's health.");
    }
    if (status.IsNotSupported()) {
        return make_error(Errc::unsupported, where + " asks for what this version cannot do (" + words + ")",
                          "Start the version that wrote it.");
    }
    if (status.IsShutdownInProgress()) return make_error(Errc::cancelled, where + " is closing");
    return make_error(Errc::io, where + " failed: " + words,
                      "Check that the folder is readable, writable and mounted.");
}

std::string after_prefix(std::string prefix) {
    while (!prefix.empty()) {
        auto last = static_cast<unsigned char>(prefix.back());
        if (last != 0xff) {
            prefix.back() = static_cast<char>(last + 1);
            return prefix;
        }
        prefix.pop_back();
    }
    return prefix;
}

PrefixScan::PrefixScan(const RocksDatabase& database, rocksdb::ColumnFamilyHandle* family, std::string prefix,
                       Direction direction, bool fill_cache)
    : database_(database),
      prefix_(std::move(prefix)),
      end_(after_prefix(prefix_)),
      lower_bound_(prefix_),
      upper_bound_(end_),
      direction_(direction) {
    SLUICE_ASSERT(!end_.empty(), "a scan needs a prefix that keys can lie beyond");
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower_bound_;
    options.iterate_upper_bound = &upper_bound_;
    options.fill_cache = fill_cache;
    iterator_.reset(database.rocks().NewIterator(options, family));
    if (direction_ == Direction::forward) {
        iterator_->SeekToFirst();
    } else {
        iterator_->SeekToLast();
    }
}

void PrefixScan::next() {
    if (direction_ == Direction::forward) {
        iterator_->Next();
    } else {
        iterator_->Prev();
    }
}

void PrefixScan::seek(std::string_view rest) {
    std::string key = prefix_;
    key.append(rest);
    iterator_->Seek(key);
}

std::string_view PrefixScan::key() const {
    rocksdb::Slice key = iterator_->key();
    return std::string_view(key.data(), key.size()).substr(prefix_.size());
}

Result<void> PrefixScan::status() const {
    rocksdb::Status status = iterator_->status();
    if (!status.ok()) return database_.to_error(status);
    return {};
}

}  // namespace sluice
