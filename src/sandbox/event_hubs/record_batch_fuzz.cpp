#include <cstdint>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "sandbox/event_hubs/kafka_wire.hpp"
#include "sandbox/event_hubs/record_batch.hpp"

namespace {

constexpr std::size_t kMostUnpacked = std::size_t{1} << 20;

bool is_within(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

/// The input is a batch: its length and checksum are put right, or nothing would ever get past them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice::sandbox;
    std::string batch(reinterpret_cast<const char*>(data), size);
    if (batch.size() >= kRecordBatchHeadBytes) {
        KafkaWriter length;
        length.int32(static_cast<std::int32_t>(batch.size() - 12));
        batch.replace(8, 4, length.view());
        KafkaWriter checksum;
        checksum.uint32(sluice::crc32c(std::string_view(batch).substr(21)));
        batch.replace(17, 4, checksum.view());
    }
    auto read = read_record_batch(batch, kMostUnpacked);
    if (!read) return 0;
    std::string_view whole = read->unpacked ? *read->unpacked : batch;
    for (const auto& record : read->records) {
        SLUICE_ASSERT(is_within(record.key.value_or(""), whole), "a key is part of its batch");
        SLUICE_ASSERT(is_within(record.value.value_or(""), whole), "a value is part of its batch");
        std::size_t headers = 0;
        for_each_header(record, [&](std::string_view name, std::optional<std::string_view> value) {
            SLUICE_ASSERT(is_within(name, whole) && is_within(value.value_or(""), whole), "a header is part of it");
            headers++;
        });
        SLUICE_ASSERT(headers == record.header_count, "as many headers as it says");
    }
    return 0;
}
