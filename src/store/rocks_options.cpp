#include "store/rocks_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

namespace sluice {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

constexpr std::size_t kBlockCacheBytes = 32 * kMiB;
constexpr std::size_t kAllWriteBuffersBytes = 32 * kMiB;
constexpr std::size_t kObjectsWriteBufferBytes = 8 * kMiB;
constexpr std::size_t kSmallWriteBufferBytes = 2 * kMiB;
/// Memory tables grow in steps of this: an idle one costs no more.
constexpr std::size_t kArenaBlockBytes = 128 * kKiB;
/// A restart replays at most this much.
constexpr std::size_t kMaxWalBytes = 32 * kMiB;
constexpr int kMaxOpenFiles = 256;
constexpr int kBackgroundThreads = 2;
constexpr double kBloomBitsPerKey = 10;

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                            std::size_t write_buffer_bytes) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.block_size = 8 * kKiB;
    // Indexes and filters count against the cache: otherwise memory would grow with the number of objects.
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
    table.format_version = 5;
    table.checksum = rocksdb::kXXH3;  // the portable build computes CRC-32C in software

    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.write_buffer_size = write_buffer_bytes;
    options.arena_block_size = kArenaBlockBytes;
    options.max_write_buffer_number = 3;
    // Keys share long prefixes, which blocks leave out already; compressing the rest costs more than it saves.
    options.compression = rocksdb::kNoCompression;
    options.level_compaction_dynamic_level_bytes = true;
    return options;
}

/// After a full disk RocksDB would look for room every few seconds and be busy until then. Here the next write looks
/// (RocksDatabase::write), so that writing goes on as soon as there is room. A compaction refuses no write: RocksDB
/// retries it.
class ResumeOnNextWrite final : public rocksdb::EventListener {
  public:
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status, bool* automatic) override {
        if (reason != rocksdb::BackgroundErrorReason::kCompaction) *automatic = false;
    }
};

}  // namespace

rocksdb::DBOptions make_db_options(rocksdb::Env* env) {
    rocksdb::DBOptions options;
    options.env = env;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.max_background_jobs = kBackgroundThreads;
    options.max_open_files = kMaxOpenFiles;
    options.max_total_wal_size = kMaxWalBytes;
    options.db_write_buffer_size = kAllWriteBuffersBytes;
    options.bytes_per_sync = kMiB;
    // After a power cut the tail of the log may be torn anywhere: what stands before the tear counts.
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.info_log_level = rocksdb::WARN_LEVEL;
    options.max_log_file_size = 2 * kMiB;
    options.keep_log_file_num = 2;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    options.listeners.push_back(std::make_shared<ResumeOnNextWrite>());
    options.skip_stats_update_on_db_open = true;
    return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> make_column_families() {
    auto cache = rocksdb::NewLRUCache(kBlockCacheBytes);
    return {
        {rocksdb::kDefaultColumnFamilyName, family_options(cache, kSmallWriteBufferBytes)},
        {"objects", family_options(cache, kObjectsWriteBufferBytes)},
        {"cursors", family_options(cache, kSmallWriteBufferBytes)},
        {"control", family_options(cache, kSmallWriteBufferBytes)},
    };
}

}  // namespace sluice
