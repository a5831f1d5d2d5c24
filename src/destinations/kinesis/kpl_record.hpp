#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.hpp"

namespace sluice::kinesis {

/// Writes one record in the Kinesis Producer Library's aggregated format: a magic, an AggregatedRecord (protobuf), the
/// MD5 of that. Consumers built on the KCL take it apart again. A class of its own with its few lines of protobuf: the
/// format is frozen, and a generator would be the only one in the hot path (docs/adr/0020). Reusable: clear() keeps the
/// memory.
class KplRecord {
  public:
    void clear();
    void add(std::string_view partition_key, std::optional<std::string_view> explicit_hash_key, std::string_view data);
    std::size_t size() const noexcept { return records_.size(); }
    /// The record's bytes, appended to `out`.
    void append_to(std::string& out) const;

  private:
    struct Record {
        std::size_t partition_key = 0;
        std::optional<std::size_t> explicit_hash_key;
        std::string_view data;
    };
    std::vector<std::string> partition_keys_;
    std::vector<std::string> explicit_hash_keys_;
    std::vector<Record> records_;
};

/// Where a partition key falls: its MD5 as a decimal number, which is what ExplicitHashKey takes.
std::string hash_key_decimal(std::string_view partition_key);

/// Upper bound of what aggregation adds to one event beside its data: field tags, lengths, index.
constexpr std::size_t kKplOverheadPerEvent = 16;

}  // namespace sluice::kinesis
