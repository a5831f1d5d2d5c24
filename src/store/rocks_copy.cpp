// Reading a database that another process may have open, and copying it.
#include <rocksdb/options.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/rocks_database.hpp"
#include "store/rocks_options.hpp"

namespace sluice {
namespace {

constexpr std::size_t kBatchBytes = 1 << 20;
/// A file that the other process has let go of between its list and our look: the list is read again.
constexpr int kTries = 5;

Result<std::string> make_scratch() {
    std::error_code failed;
    auto base = std::filesystem::temp_directory_path(failed);
    std::string name = (failed ? std::string("/tmp") : base.string()) + "/sluice-view-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        return make_error(Errc::io, "no temporary folder can be made: " + std::generic_category().message(errno),
                          "set TMPDIR to a folder that this user may write to");
    }
    return name;
}

}  // namespace

void remove_scratch(const std::string& folder) {
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
}

Result<std::shared_ptr<Database>> Database::open_view(const std::string& folder) {
    auto opened = RocksDatabase::view_of(folder);
    if (!opened) return opened.error();
    return std::shared_ptr<Database>(std::move(opened.value()));
}

Result<std::shared_ptr<RocksDatabase>> RocksDatabase::view_of(const std::string& folder) {
    std::error_code failed;
    if (!std::filesystem::exists(folder + "/CURRENT", failed)) {
        return make_error(Errc::not_found, "there is no store in " + folder, "Name the data folder of a Sluice.");
    }
    auto scratch = make_scratch();
    if (!scratch) return scratch.error();
    // RocksDB's secondary instance: reads the primary's files and its log, locks nothing and writes nothing there.
    rocksdb::DBOptions options = make_db_options(rocksdb::Env::Default());
    options.create_if_missing = false;
    options.create_missing_column_families = false;
    options.max_open_files = -1;  // files that the other process deletes stay readable while they are open
    rocksdb::DB* raw = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    rocksdb::Status status;
    for (int attempt = 0; attempt < kTries; ++attempt) {
        status =
            rocksdb::DB::OpenAsSecondary(options, folder, scratch.value(), make_column_families(), &families, &raw);
        if (status.ok()) status = raw->TryCatchUpWithPrimary();
        if (status.ok()) break;
        for (auto* family : std::exchange(families, {})) raw->DestroyColumnFamilyHandle(family);
        delete std::exchange(raw, nullptr);
    }
    std::shared_ptr<RocksDatabase> database(new RocksDatabase(folder, std::unique_ptr<rocksdb::DB>(raw), families));
    database->scratch_ = scratch.value();
    if (!status.ok()) {
        remove_scratch(database->scratch_);
        return database->to_error(status);
    }
    if (auto checked = database->check_format(); !checked) return checked.error();
    return database;
}

Result<void> RocksDatabase::verify_checksums() const {
    rocksdb::Status status = db_->VerifyChecksum();
    if (!status.ok()) return to_error(status);
    return {};
}

Result<void> RocksDatabase::copy_to(const std::string& folder, const CopyProgress& progress) const {
    auto opened = open_in(folder, rocksdb::Env::Default());
    if (!opened) return opened.error();
    RocksDatabase& to = **opened;
    std::uint64_t records = 0;
    for (std::size_t i = 0; i < kFamilyCount; ++i) {
        rocksdb::ReadOptions read;
        read.fill_cache = false;
        read.verify_checksums = true;
        std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(read, families_[i]));
        rocksdb::WriteBatch batch;
        // Without RocksDB's log: all of it is flushed below, or there is no copy.
        auto write_out = [&]() -> Result<void> {
            auto written = to.write(batch, Durability::rebuilt);
            batch.Clear();
            if (progress) progress(records);
            return written;
        };
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            batch.Put(to.families_[i], at->key(), at->value());
            ++records;
            if (batch.GetDataSize() < kBatchBytes) continue;
            if (auto written = write_out(); !written) return written;
        }
        if (!at->status().ok()) return to_error(at->status());
        if (auto written = write_out(); !written) return written;
    }
    return to.flush();
}

}  // namespace sluice
