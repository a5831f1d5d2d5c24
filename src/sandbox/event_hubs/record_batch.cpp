#include "sandbox/event_hubs/record_batch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "http/gunzip.hpp"
#include "sandbox/event_hubs/kafka_wire.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::size_t kBytesBeforeLength = 12;  ///< base offset and the length itself
constexpr std::size_t kBytesBeforeChecked = 21;
constexpr std::int8_t kMagic = 2;
constexpr int kCompressionMask = 0x07;
constexpr int kGzip = 1;
constexpr int kLogAppendTime = 0x08;
constexpr int kTransactional = 0x10;
constexpr int kControl = 0x20;
/// length, attributes, timestamp delta, offset delta, key length, value length, header count: a byte each.
constexpr std::size_t kLeastRecordBytes = 7;

BatchRefusal corrupt(std::string message) {
    return {KafkaError::corrupt_message, std::move(message)};
}

std::optional<std::string_view> nullable(KafkaReader& reader) {
    auto length = reader.varint();
    if (length == -1) return std::nullopt;
    if (length < 0) reader.fail();
    return reader.take(length < 0 ? 0 : static_cast<std::size_t>(length));
}

void read_header(KafkaReader& reader, std::string_view& name, std::optional<std::string_view>& value) {
    auto length = reader.varint();
    if (length < 0) reader.fail();
    name = reader.take(length < 0 ? 0 : static_cast<std::size_t>(length));
    value = nullable(reader);
}

bool read_record(KafkaReader& batch, std::int64_t base_timestamp, std::int32_t index, KafkaRecord& record) {
    auto length = batch.varint();
    if (length < 0) batch.fail();
    KafkaReader reader(batch.take(length < 0 ? 0 : static_cast<std::size_t>(length)));
    reader.int8();  // attributes: none are defined
    auto timestamp_delta = reader.varlong();
    auto offset_delta = reader.varint();
    record.timestamp = static_cast<std::int64_t>(static_cast<std::uint64_t>(base_timestamp) +
                                                 static_cast<std::uint64_t>(timestamp_delta));
    record.key = nullable(reader);
    record.value = nullable(reader);
    auto headers = reader.varint();
    // Two bytes a header at least.
    if (headers < 0 || static_cast<std::size_t>(headers) > reader.left() / 2) reader.fail();
    if (!batch.ok() || !reader.ok() || offset_delta != index) return false;
    record.header_count = static_cast<std::size_t>(headers);
    record.header_bytes = reader.take(reader.left());
    KafkaReader checked(record.header_bytes);
    for (std::size_t i = 0; i < record.header_count && checked.ok(); i++) {
        std::string_view name;
        std::optional<std::string_view> value;
        read_header(checked, name, value);
    }
    return checked.at_end();
}

}  // namespace

boost::system::result<RecordBatch, BatchRefusal> read_record_batch(std::string_view bytes,
                                                                   std::size_t max_unpacked_bytes) {
    if (bytes.size() < kRecordBatchHeadBytes) return corrupt("the record batch ends within its head");
    KafkaReader reader(bytes);
    reader.int64();  // base offset: the broker's to set
    auto length = reader.int32();
    reader.int32();  // partition leader epoch
    auto magic = reader.int8();
    if (magic != kMagic) return BatchRefusal{KafkaError::invalid_record, fmt::format("message format {}", magic)};
    if (length < 0 || static_cast<std::size_t>(length) != bytes.size() - kBytesBeforeLength)
        return corrupt("the record batch is not as long as it says");
    auto checksum = reader.uint32();
    if (checksum != crc32c(bytes.substr(kBytesBeforeChecked))) return corrupt("the record batch's CRC-32C is wrong");

    RecordBatch batch;
    batch.attributes = reader.int16();
    auto last_offset_delta = reader.int32();
    batch.base_timestamp = reader.int64();
    batch.max_timestamp = reader.int64();
    batch.producer_id = reader.int64();
    batch.producer_epoch = reader.int16();
    batch.base_sequence = reader.int32();
    auto count = reader.int32();
    if ((batch.attributes & (kTransactional | kControl | kLogAppendTime)) != 0)
        return BatchRefusal{KafkaError::invalid_record, "transactional, control or log-append-time batch"};
    if (batch.producer_id < -1 || (batch.producer_id >= 0 && (batch.producer_epoch < 0 || batch.base_sequence < 0)))
        return BatchRefusal{KafkaError::invalid_record, "a producer id without epoch or sequence"};
    auto compression = batch.attributes & kCompressionMask;
    if (compression > kGzip)
        return BatchRefusal{KafkaError::unsupported_compression_type, fmt::format("compression {}", compression)};

    auto packed = reader.take(reader.left());
    if (compression == kGzip) {
        auto unpacked = std::make_shared<std::string>();
        auto outcome = http::gunzip(packed, max_unpacked_bytes, *unpacked);
        if (outcome == http::GunzipOutcome::too_large)
            return BatchRefusal{KafkaError::message_too_large, "the batch unpacks to more than is allowed"};
        if (outcome == http::GunzipOutcome::malformed) return corrupt("the record batch is not gzip");
        batch.unpacked = std::move(unpacked);
        packed = *batch.unpacked;
    }
    if (count < 1 || static_cast<std::size_t>(count) > packed.size() / kLeastRecordBytes)
        return corrupt("the record batch cannot hold as many records as it says");
    if (last_offset_delta != count - 1) return corrupt("the record batch's last offset does not fit its count");
    KafkaReader records(packed);
    batch.records.resize(static_cast<std::size_t>(count));
    for (std::int32_t i = 0; i < count; i++) {
        if (!read_record(records, batch.base_timestamp, i, batch.records[static_cast<std::size_t>(i)]))
            return corrupt(fmt::format("record {} of the batch is malformed", i));
    }
    if (!records.at_end()) return corrupt("there is something after the batch's last record");
    return batch;
}

void for_each_header(const KafkaRecord& record,
                     const std::function<void(std::string_view, std::optional<std::string_view>)>& see) {
    KafkaReader reader(record.header_bytes);
    for (std::size_t i = 0; i < record.header_count; i++) {
        std::string_view name;
        std::optional<std::string_view> value;
        read_header(reader, name, value);
        see(name, value);
    }
}

namespace {

void write_nullable(KafkaWriter& out, const std::optional<std::string>& value) {
    out.varint(value ? static_cast<std::int32_t>(value->size()) : -1);
    if (value) out.raw(*value);
}

std::string write_record(const NewRecord& record, std::int32_t index) {
    KafkaWriter out;
    out.int8(0);
    out.varlong(0);
    out.varint(index);
    write_nullable(out, record.key);
    write_nullable(out, record.value);
    out.varint(static_cast<std::int32_t>(record.headers.size()));
    for (const auto& [name, value] : record.headers) {
        out.varint(static_cast<std::int32_t>(name.size()));
        out.raw(name);
        write_nullable(out, value);
    }
    return out.take();
}

}  // namespace

std::string write_record_batch(const NewBatch& batch) {
    KafkaWriter out;
    auto count = static_cast<std::int32_t>(batch.records.size());
    out.int64(0);
    out.int32(0);  // length, below
    out.int32(0);
    out.int8(kMagic);
    out.uint32(0);  // checksum, below
    out.int16(0);
    out.int32(count - 1);
    out.int64(batch.timestamp);
    out.int64(batch.timestamp);
    out.int64(batch.producer_id);
    out.int16(batch.producer_epoch);
    out.int32(batch.base_sequence);
    out.int32(count);
    for (std::int32_t i = 0; i < count; i++) {
        auto record = write_record(batch.records[static_cast<std::size_t>(i)], i);
        out.varint(static_cast<std::int32_t>(record.size()));
        out.raw(record);
    }
    out.patch_int32(8, static_cast<std::int32_t>(out.size() - kBytesBeforeLength));
    auto checksum = crc32c(std::string_view(out.view()).substr(kBytesBeforeChecked));
    out.patch_int32(17, static_cast<std::int32_t>(checksum));
    return out.take();
}

void set_base_offset(char* batch, std::int64_t offset) {
    KafkaWriter out;
    out.int64(offset);
    std::copy(out.view().begin(), out.view().end(), batch);
}

}  // namespace sluice::sandbox
