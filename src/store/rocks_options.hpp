#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <vector>

namespace sluice {

/// How RocksDB is set up here: little memory when idle, two background threads, a bounded number of open files.
rocksdb::DBOptions make_db_options(rocksdb::Env* env);
/// `default` (the format record), `objects`, `cursors`, `control`, in this order.
std::vector<rocksdb::ColumnFamilyDescriptor> make_column_families();

}  // namespace sluice
