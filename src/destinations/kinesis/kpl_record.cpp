#include "destinations/kinesis/kpl_record.hpp"

#include <algorithm>
#include <cstdint>

namespace sluice::kinesis {
namespace {

constexpr std::string_view kMagic = "\xF3\x89\x9A\xC2";

// AggregatedRecord: 1 partition_key_table, 2 explicit_hash_key_table, 3 records (each: 1 partition_key_index,
// 2 explicit_hash_key_index, 3 data). A tag is the field number times eight and the wire type: 0 a number, 2 bytes.
constexpr char kPartitionKeyTable = 1 << 3 | 2;
constexpr char kExplicitHashKeyTable = 2 << 3 | 2;
constexpr char kRecords = 3 << 3 | 2;
constexpr char kPartitionKeyIndex = 1 << 3 | 0;
constexpr char kExplicitHashKeyIndex = 2 << 3 | 0;
constexpr char kData = 3 << 3 | 2;

std::size_t varint_size(std::uint64_t number) {
    std::size_t size = 1;
    for (; number >= 0x80; number >>= 7) ++size;
    return size;
}

void append_varint(std::string& out, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
    out += static_cast<char>(number);
}

void append_bytes(std::string& out, char tag, std::string_view bytes) {
    out += tag;
    append_varint(out, bytes.size());
    out += bytes;
}

std::size_t index_of(std::vector<std::string>& table, std::string_view text) {
    auto found = std::find(table.begin(), table.end(), text);
    if (found != table.end()) return static_cast<std::size_t>(found - table.begin());
    table.emplace_back(text);
    return table.size() - 1;
}

}  // namespace

void KplRecord::clear() {
    partition_keys_.clear();
    explicit_hash_keys_.clear();
    records_.clear();
}

void KplRecord::add(std::string_view partition_key, std::optional<std::string_view> explicit_hash_key,
                    std::string_view data) {
    Record record;
    record.partition_key = index_of(partition_keys_, partition_key);
    if (explicit_hash_key) record.explicit_hash_key = index_of(explicit_hash_keys_, *explicit_hash_key);
    record.data = data;
    records_.push_back(record);
}

void KplRecord::append_to(std::string& out) const {
    out += kMagic;
    auto start = out.size();
    for (const auto& key : partition_keys_) append_bytes(out, kPartitionKeyTable, key);
    for (const auto& key : explicit_hash_keys_) append_bytes(out, kExplicitHashKeyTable, key);
    for (const auto& record : records_) {
        auto size = 1 + varint_size(record.partition_key) + 1 + varint_size(record.data.size()) + record.data.size();
        if (record.explicit_hash_key) size += 1 + varint_size(*record.explicit_hash_key);
        out += kRecords;
        append_varint(out, size);
        out += kPartitionKeyIndex;
        append_varint(out, record.partition_key);
        if (record.explicit_hash_key) {
            out += kExplicitHashKeyIndex;
            append_varint(out, *record.explicit_hash_key);
        }
        append_bytes(out, kData, record.data);
    }
    auto digest = md5(std::string_view(out).substr(start));
    out += as_view(digest);
}

std::string hash_key_decimal(std::string_view partition_key) {
    unsigned __int128 number = 0;
    for (unsigned char byte : md5(partition_key)) number = number << 8 | byte;
    if (number == 0) return "0";
    std::string digits;
    for (; number > 0; number /= 10) digits += static_cast<char>('0' + static_cast<int>(number % 10));
    std::reverse(digits.begin(), digits.end());
    return digits;
}

}  // namespace sluice::kinesis
