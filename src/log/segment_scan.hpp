#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "log/log_files.hpp"
#include "log/record_format.hpp"
#include "log/segment_index.hpp"

namespace sluice {

/// Reads and checks a segment's header; the file's name is no evidence. Errc::corrupt, unsupported or io.
Result<SegmentHeader> read_segment_header(const LogFile& file);

/// Called with each frame of a scan, in order. The views live as long as the call.
using OnFrame = std::function<void(const FrameHeader&, std::span<const IndexedRecord>)>;

/// Where a scan stopped, and why.
struct ScanEnd {
    SegmentExtent extent;          ///< of what is valid
    std::uint64_t stopped_at = 0;  ///< offset of the first thing that is not a valid frame
    /// A later frame of this use of the segment is whole: since a frame is only written when the one before it is
    /// durable, what stands at `stopped_at` was damaged after it was acknowledged. Otherwise it is a torn write, or
    /// nothing.
    bool valid_frame_follows = false;
    std::uint64_t following_at = 0;
    /// Something of a frame of this use stands at `stopped_at`: the head of a write that was cut off.
    bool torn_frame = false;
};

/// Walks the frames of a segment, checking everything, from `from` on (what is known already; {first, 0} for all).
/// Errors: Errc::io; Errc::corrupt when a record whose checksum is right is not an event.
Result<ScanEnd> scan_segment(const LogFile& file, const SegmentHeader& header, const SegmentExtent& from,
                             const OnFrame& on_frame);

/// The index made anew from the segment's records, and where they end.
struct ScannedSegment {
    std::shared_ptr<SegmentIndex> index;
    ScanEnd end;
};
Result<ScannedSegment> index_segment(const LogFile& file, const SegmentHeader& header,
                                     std::shared_ptr<SegmentIndex> known = nullptr);

/// "000007.segment is damaged at offset 8192, where event 1234 begins: …"
Error damaged_segment(const std::string& path, std::uint64_t offset, Sequence sequence, std::string_view why);

}  // namespace sluice
