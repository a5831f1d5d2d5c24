#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "log/log_files.hpp"
#include "log/record_format.hpp"
#include "log/segment_index.hpp"

namespace sluice {

// A segment's index as a file beside it. It holds nothing that a scan of the segment would not give: it is not synced,
// it is checked, and it is made again when it is missing or wrong. Bytes: docs/log-format.md.

constexpr std::size_t kIndexHeaderBytes = 96;
constexpr std::uint32_t kIndexFormatVersion = 1;

/// The head of an index file: enough to know a sealed segment's extent at start, without reading the rest.
struct IndexHeader {
    std::uint64_t epoch = 0;  ///< of the segment
    SegmentExtent extent;
    bool sealed = false;  ///< the segment had a successor when this was written; else it may have grown since
    std::uint32_t frames = 0;
    std::uint32_t streams = 0;
    std::uint64_t body_bytes = 0;
    std::uint32_t body_checksum = 0;
};

std::string encode_index(const SegmentIndex& index, std::uint64_t epoch, bool sealed);
/// nullopt when it is damaged, of another version, or of another use of the segment's file.
std::optional<IndexHeader> decode_index_header(std::string_view bytes, const SegmentHeader& segment);
/// nullptr likewise. Everything is checked: whatever the bytes are, the index is safe to use.
std::shared_ptr<SegmentIndex> decode_index(std::string_view bytes, const SegmentHeader& segment);

/// Offset within the index file of the place of one event.
constexpr std::uint64_t index_place_at(std::uint32_t ordinal) {
    return kIndexHeaderBytes + std::uint64_t(ordinal) * 8;
}

}  // namespace sluice
