#include "sandbox/aws/kpl.hpp"

#include <algorithm>
#include <cstdint>

#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::string_view kMagic = "\xf3\x89\x9a\xc2";
constexpr std::size_t kDigestBytes = 16;

/// Walks the fields of a protobuf message: as much as AggregatedRecord uses.
class FieldReader {
  public:
    explicit FieldReader(std::string_view message) : rest_(message) {}

    /// False at the end, or when the message is broken (see ok()).
    bool next() {
        if (rest_.empty()) return false;
        auto tag = varint();
        if (!ok_) return false;
        number_ = tag >> 3;
        switch (tag & 7) {
            case 0:
                value_ = varint();
                break;
            case 1:
                skip(8);
                break;
            case 2: {
                auto size = varint();
                if (size > rest_.size()) return ok_ = false;
                bytes_ = rest_.substr(0, size);
                rest_.remove_prefix(size);
                break;
            }
            case 5:
                skip(4);
                break;
            default:
                ok_ = false;
        }
        is_bytes_ = (tag & 7) == 2;
        is_varint_ = (tag & 7) == 0;
        return ok_;
    }
    bool ok() const { return ok_; }
    bool is_bytes(std::uint64_t number) const { return is_bytes_ && number_ == number; }
    bool is_varint(std::uint64_t number) const { return is_varint_ && number_ == number; }
    std::uint64_t value() const { return value_; }
    std::string_view bytes() const { return bytes_; }

  private:
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (rest_.empty()) break;
            auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) return value;
        }
        ok_ = false;
        return 0;
    }
    void skip(std::size_t bytes) {
        if (bytes > rest_.size()) ok_ = false;
        rest_.remove_prefix(std::min(bytes, rest_.size()));
    }

    std::string_view rest_;
    std::string_view bytes_;
    std::uint64_t number_ = 0;
    std::uint64_t value_ = 0;
    bool is_bytes_ = false;
    bool is_varint_ = false;
    bool ok_ = true;
};

/// Indices into the tables, and the data. The required fields must be there.
struct RawRecord {
    std::optional<std::uint64_t> key_index;
    std::optional<std::uint64_t> hash_index;
    std::optional<std::string_view> data;
};

std::optional<RawRecord> read_record(std::string_view message) {
    RawRecord record;
    FieldReader field(message);
    while (field.next()) {
        if (field.is_varint(1)) record.key_index = field.value();
        if (field.is_varint(2)) record.hash_index = field.value();
        if (field.is_bytes(3)) record.data = field.bytes();
    }
    if (!field.ok() || !record.key_index || !record.data) return std::nullopt;
    return record;
}

}  // namespace

std::optional<std::vector<KplRecord>> deaggregate(std::string_view bytes) {
    if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + kDigestBytes) return std::nullopt;
    auto message = bytes.substr(kMagic.size(), bytes.size() - kMagic.size() - kDigestBytes);
    auto digest = md5(message);
    if (as_view(digest) != bytes.substr(bytes.size() - kDigestBytes)) return std::nullopt;

    std::vector<std::string_view> keys;
    std::vector<std::string_view> hashes;
    std::vector<RawRecord> raw;
    FieldReader field(message);
    while (field.next()) {
        if (field.is_bytes(1)) keys.push_back(field.bytes());
        if (field.is_bytes(2)) hashes.push_back(field.bytes());
        if (field.is_bytes(3)) {
            auto record = read_record(field.bytes());
            if (!record) return std::nullopt;
            raw.push_back(*record);
        }
    }
    if (!field.ok()) return std::nullopt;
    std::vector<KplRecord> records;
    for (const auto& record : raw) {
        if (*record.key_index >= keys.size() || (record.hash_index && *record.hash_index >= hashes.size()))
            return std::nullopt;
        records.push_back({std::string(keys[*record.key_index]),
                           record.hash_index ? std::string(hashes[*record.hash_index]) : std::string(), *record.data});
    }
    return records;
}

}  // namespace sluice::sandbox
