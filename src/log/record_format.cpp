#include "log/record_format.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/encoding.hpp"
#include "log/little_endian.hpp"

namespace sluice {
namespace {

constexpr std::string_view kSegmentMagic = "SLUICELG";
constexpr std::uint32_t kFrameMagic = 0x52464c53;  // "SLFR"
/// Magic, version and this checksum keep their places in every later version, so that an older program can tell.
constexpr std::size_t kSegmentChecksumAt = 124;

namespace segment_at {
constexpr std::size_t version = 8, block_bytes = 12, epoch = 16, use = 24, previous_epoch = 32, first = 40,
                      created = 48, last_time = 56, file_bytes = 64, partition = 72;
}
namespace frame_at {
constexpr std::size_t magic = 0, checksum = 4, epoch = 8, first = 16, time = 24, count = 32, bytes = 36, offset = 40,
                      records_checksum = 44;
}
namespace record_at {
constexpr std::size_t checksum = 0, bytes = 4, sequence = 8, epoch = 16, time = 24;
}

std::uint32_t frame_checksum(const char* header) noexcept {
    return crc32c({header + frame_at::epoch, kFrameHeaderBytes - frame_at::epoch});
}

std::uint32_t record_checksum(const char* record, std::size_t body_bytes) noexcept {
    return crc32c({record + record_at::bytes, kRecordHeaderBytes - record_at::bytes + body_bytes});
}

}  // namespace

void encode_segment_header(const SegmentHeader& header, char* out) noexcept {
    std::memset(out, 0, kSegmentHeaderBytes);
    std::memcpy(out, kSegmentMagic.data(), kSegmentMagic.size());
    store_le<std::uint32_t>(out + segment_at::version, kLogFormatVersion);
    store_le<std::uint32_t>(out + segment_at::block_bytes, header.block_bytes);
    store_le<std::uint64_t>(out + segment_at::epoch, header.epoch);
    store_le<std::uint64_t>(out + segment_at::use, header.use);
    store_le<std::uint64_t>(out + segment_at::previous_epoch, header.previous_epoch);
    store_le<std::uint64_t>(out + segment_at::first, header.first);
    store_le<std::int64_t>(out + segment_at::created, to_epoch_ms(header.created));
    store_le<std::int64_t>(out + segment_at::last_time, to_epoch_ms(header.last_time));
    store_le<std::uint64_t>(out + segment_at::file_bytes, header.file_bytes);
    store_le<std::uint32_t>(out + segment_at::partition, header.partition);
    store_le<std::uint32_t>(out + kSegmentChecksumAt, crc32c({out, kSegmentChecksumAt}));
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes, const std::string& path) {
    auto corrupt = [&](std::string_view what) {
        return make_error(Errc::corrupt, fmt::format("{} is not a segment of the log: {}", path, what),
                          "run `sluice store verify`; restore the file from a backup");
    };
    if (bytes.size() < kSegmentHeaderBytes) return corrupt("it is shorter than a segment's header");
    if (!bytes.starts_with(kSegmentMagic)) return corrupt("its first bytes are not a segment's");
    const char* in = bytes.data();
    if (load_le<std::uint32_t>(in + kSegmentChecksumAt) != crc32c({in, kSegmentChecksumAt})) {
        return corrupt("its header's checksum is wrong");
    }
    auto version = load_le<std::uint32_t>(in + segment_at::version);
    if (version != kLogFormatVersion) {
        return make_error(
            Errc::unsupported,
            fmt::format("{} has log format {}; this Sluice knows format {}", path, version, kLogFormatVersion),
            version > kLogFormatVersion ? "use the newer Sluice that wrote it" : "");
    }
    SegmentHeader header;
    header.block_bytes = load_le<std::uint32_t>(in + segment_at::block_bytes);
    header.epoch = load_le<std::uint64_t>(in + segment_at::epoch);
    header.use = load_le<std::uint64_t>(in + segment_at::use);
    header.previous_epoch = load_le<std::uint64_t>(in + segment_at::previous_epoch);
    header.first = load_le<std::uint64_t>(in + segment_at::first);
    header.created = from_epoch_ms(load_le<std::int64_t>(in + segment_at::created));
    header.last_time = from_epoch_ms(load_le<std::int64_t>(in + segment_at::last_time));
    header.file_bytes = load_le<std::uint64_t>(in + segment_at::file_bytes);
    header.partition = load_le<std::uint32_t>(in + segment_at::partition);
    bool possible = std::has_single_bit(header.block_bytes) && header.block_bytes >= kSmallestBlockBytes &&
                    header.block_bytes <= kLargestBlockBytes && header.first >= 1 && header.use >= 1 &&
                    header.file_bytes >= kSegmentHeaderBytes && header.file_bytes <= kLargestSegmentBytes;
    if (!possible) return corrupt("its header says what cannot be");
    return header;
}

void encode_frame_header(const FrameHeader& header, char* out) noexcept {
    store_le<std::uint32_t>(out + frame_at::magic, kFrameMagic);
    store_le<std::uint64_t>(out + frame_at::epoch, header.epoch);
    store_le<std::uint64_t>(out + frame_at::first, header.first);
    store_le<std::int64_t>(out + frame_at::time, to_epoch_ms(header.time));
    store_le<std::uint32_t>(out + frame_at::count, header.count);
    store_le<std::uint32_t>(out + frame_at::bytes, header.bytes);
    store_le<std::uint32_t>(out + frame_at::offset, header.offset);
    store_le<std::uint32_t>(out + frame_at::records_checksum, header.records_checksum);
    store_le<std::uint32_t>(out + frame_at::checksum, frame_checksum(out));
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes, const SegmentHeader& segment,
                                               std::uint64_t offset) noexcept {
    if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
    const char* in = bytes.data();
    // The epoch first: it is what tells a recycled file's old frames, the usual case, from this segment's.
    if (load_le<std::uint32_t>(in + frame_at::magic) != kFrameMagic) return std::nullopt;
    if (load_le<std::uint64_t>(in + frame_at::epoch) != segment.epoch) return std::nullopt;
    if (load_le<std::uint32_t>(in + frame_at::offset) != offset) return std::nullopt;
    if (load_le<std::uint32_t>(in + frame_at::checksum) != frame_checksum(in)) return std::nullopt;
    FrameHeader header;
    header.epoch = segment.epoch;
    header.first = load_le<std::uint64_t>(in + frame_at::first);
    header.time = from_epoch_ms(load_le<std::int64_t>(in + frame_at::time));
    header.count = load_le<std::uint32_t>(in + frame_at::count);
    header.bytes = load_le<std::uint32_t>(in + frame_at::bytes);
    header.offset = static_cast<std::uint32_t>(offset);
    header.records_checksum = load_le<std::uint32_t>(in + frame_at::records_checksum);
    bool possible = header.count > 0 && header.first >= segment.first && header.end() <= segment.file_bytes &&
                    std::uint64_t(header.count) * kRecordHeaderBytes <= header.bytes;
    return possible ? std::optional(header) : std::nullopt;
}

std::uint32_t seal_record(char* record, std::uint32_t body_bytes, Sequence sequence, std::uint64_t epoch,
                          Timestamp time) noexcept {
    store_le<std::uint32_t>(record + record_at::bytes, body_bytes);
    store_le<std::uint64_t>(record + record_at::sequence, sequence);
    store_le<std::uint64_t>(record + record_at::epoch, epoch);
    store_le<std::int64_t>(record + record_at::time, to_epoch_ms(time));
    std::uint32_t checksum = record_checksum(record, body_bytes);
    store_le<std::uint32_t>(record + record_at::checksum, checksum);
    return checksum;
}

std::uint32_t add_to_records_checksum(std::uint32_t so_far, std::uint32_t record_checksum) noexcept {
    char bytes[4];
    store_le<std::uint32_t>(bytes, record_checksum);
    return crc32c({bytes, sizeof bytes}, so_far);
}

std::optional<Record> decode_record(std::string_view bytes, Sequence sequence, std::uint64_t epoch) noexcept {
    if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
    const char* in = bytes.data();
    std::uint64_t body_bytes = load_le<std::uint32_t>(in + record_at::bytes);
    if (body_bytes > bytes.size() - kRecordHeaderBytes) return std::nullopt;
    if (load_le<std::uint64_t>(in + record_at::sequence) != sequence) return std::nullopt;
    if (load_le<std::uint64_t>(in + record_at::epoch) != epoch) return std::nullopt;
    auto checksum = load_le<std::uint32_t>(in + record_at::checksum);
    if (checksum != record_checksum(in, body_bytes)) return std::nullopt;
    return Record{from_epoch_ms(load_le<std::int64_t>(in + record_at::time)), checksum,
                  bytes.substr(kRecordHeaderBytes, body_bytes)};
}

}  // namespace sluice
