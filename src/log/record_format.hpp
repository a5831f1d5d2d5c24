#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "base/result.hpp"
#include "event/event.hpp"

namespace sluice {

// The bytes of a segment file. docs/log-format.md says the same in words; record_format_test.cpp holds both to bytes.

constexpr std::uint32_t kLogFormatVersion = 1;
/// The segment header and its padding: the first frame starts behind it.
constexpr std::uint32_t kSegmentHeaderBytes = 4096;
constexpr std::uint32_t kFrameHeaderBytes = 48;
constexpr std::uint32_t kRecordHeaderBytes = 32;
constexpr std::uint32_t kSmallestBlockBytes = 512;
constexpr std::uint32_t kLargestBlockBytes = 4096;
/// Offsets within a segment are held in 32 bits.
constexpr std::uint64_t kLargestSegmentBytes = std::uint64_t(2) << 30;

constexpr std::uint64_t align_up(std::uint64_t offset, std::uint64_t block) {
    return (offset + block - 1) & ~(block - 1);
}

/// What one use of a segment file is: written, and synced, before the file gets its name and its first frame.
struct SegmentHeader {
    std::uint32_t block_bytes = kLargestBlockBytes;  ///< frames start at multiples of this
    std::uint64_t epoch = 0;           ///< random, of this use of the file; all its frames and records carry it
    std::uint64_t use = 0;             ///< 1 for the log's first segment, then counted up
    std::uint64_t previous_epoch = 0;  ///< of the segment before this one; 0 for the first
    Sequence first = 1;                ///< sequence of its first event
    Timestamp created{};
    Timestamp last_time{};         ///< commit time of the last event before it: times never decrease
    std::uint64_t file_bytes = 0;  ///< preallocated size
    Partition partition = 0;

    friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

/// Writes kSegmentHeaderBytes.
void encode_segment_header(const SegmentHeader& header, char* out) noexcept;
/// Errc::corrupt when it is none; Errc::unsupported when a newer Sluice wrote it. `path` is for the message.
Result<SegmentHeader> decode_segment_header(std::string_view bytes, const std::string& path);

/// What one write and one sync made durable: the records of one or more whole batches. Valid only when every record of
/// it is: so batches are all or none, also after a torn write.
struct FrameHeader {
    std::uint64_t epoch = 0;
    Sequence first = 0;
    Timestamp time{};                    ///< of commit, for all its records
    std::uint32_t count = 0;             ///< of records; at least 1
    std::uint32_t bytes = 0;             ///< of records with their headers
    std::uint32_t offset = 0;            ///< of the frame in its file: a block written to the wrong place is no frame
    std::uint32_t records_checksum = 0;  ///< of its records' checksums

    std::uint64_t end() const noexcept { return std::uint64_t(offset) + kFrameHeaderBytes + bytes; }
    friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

/// Writes kFrameHeaderBytes.
void encode_frame_header(const FrameHeader& header, char* out) noexcept;
/// nullopt when the bytes at `offset` of the segment are not a frame's header. `bytes` starts there.
std::optional<FrameHeader> decode_frame_header(std::string_view bytes, const SegmentHeader& segment,
                                               std::uint64_t offset) noexcept;

/// Writes the record's header in front of its body, which stands at `record + kRecordHeaderBytes` already. Gives its
/// checksum.
std::uint32_t seal_record(char* record, std::uint32_t body_bytes, Sequence sequence, std::uint64_t epoch,
                          Timestamp time) noexcept;
/// A frame's records_checksum after one more record; that of none is 0.
std::uint32_t add_to_records_checksum(std::uint32_t so_far, std::uint32_t record_checksum) noexcept;

struct Record {
    Timestamp time{};
    std::uint32_t checksum = 0;
    std::string_view body;
};
/// The record that `bytes` starts with; nullopt unless its sequence, epoch, length and checksum are right.
std::optional<Record> decode_record(std::string_view bytes, Sequence sequence, std::uint64_t epoch) noexcept;

/// True when `records` (what follows the frame's header) are all there and right. `on_body` is called for each, in
/// order.
template <class OnBody>
bool decode_frame(const FrameHeader& frame, std::string_view records, OnBody&& on_body) {
    if (records.size() < frame.bytes) return false;
    records = records.substr(0, frame.bytes);
    std::uint32_t checksum = 0;
    for (std::uint32_t i = 0; i < frame.count; ++i) {
        auto record = decode_record(records, frame.first + i, frame.epoch);
        if (!record || record->time != frame.time) return false;
        checksum = add_to_records_checksum(checksum, record->checksum);
        records.remove_prefix(kRecordHeaderBytes + record->body.size());
        on_body(record->body);
    }
    return records.empty() && checksum == frame.records_checksum;
}

}  // namespace sluice
