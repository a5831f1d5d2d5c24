#include "log/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "log/aligned_buffer.hpp"
#include "log/index_cache.hpp"
#include "log/segment_files.hpp"
#include "log/segment_index_file.hpp"
#include "log/segment_scan.hpp"

namespace sluice {
namespace {

/// All of them, in the log's order, each the successor of the one before.
Result<std::vector<FoundSegment>> find_segments(const LogFolder& folder, const std::vector<std::string>& names) {
    std::vector<FoundSegment> segments;
    for (const std::string& name : names) {
        if (!name.ends_with(LogFolder::kSegment)) continue;
        auto segment = open_segment(folder, name);
        if (!segment) return segment.error();
        segments.push_back(std::move(*segment));
    }
    sort_segments(segments);
    for (std::size_t i = 1; i < segments.size(); ++i) {
        if (auto follows = check_succession(segments[i - 1], segments[i]); !follows) return follows.error();
    }
    return segments;
}

/// A sealed segment's extent: from its index where that fits what follows, else from its records.
Result<SegmentExtent> sealed_extent(const LogFolder& folder, const FoundSegment& segment, const FoundSegment& next) {
    std::string index_path = LogFolder::sibling(segment.path, LogFolder::kIndex);
    if (auto file = folder.files.open(index_path, LogFiles::Access::read)) {
        char bytes[kIndexHeaderBytes];
        auto got = (*file)->read(0, bytes, sizeof bytes);
        auto header = got ? decode_index_header({bytes, *got}, segment.header) : std::nullopt;
        if (header && header->extent.next() == next.header.first) return header->extent;
    }
    auto scanned = index_segment(*segment.file, segment.header);
    if (!scanned) return scanned.error();
    if (scanned->end.extent.next() != next.header.first)
        return missing_events(segment, next, scanned->end.extent.next());
    write_index_file(folder, segment.path, *scanned->index, segment.header.epoch, true);
    return scanned->end.extent;
}

/// Overwrites the head of a write that was cut off, so that it is never looked at again.
Result<void> cut_torn_frame(LogFile& file, const SegmentHeader& header, std::uint64_t offset) {
    AlignedBuffer zeros;
    std::size_t size = std::max(header.block_bytes, file.block_bytes());
    if (offset % size != 0) return {};  // the device's blocks are larger now: the next segment is written instead
    zeros.grow(size, 0);
    std::memset(zeros.data(), 0, size);
    if (auto code = file.write(offset, {zeros.data(), size})) return io_error("write", file.path(), code);
    if (auto code = file.sync()) return io_error("sync", file.path(), code);
    return {};
}

Result<void> recover_active(const LogFolder& folder, FoundSegment found, RecoveredLog& log) {
    auto writable = folder.files.open(found.path, LogFiles::Access::read_write);
    if (!writable) return io_error("open", found.path, writable.error());
    // A crash of the process alone leaves the end of the log in memory only: readers must not see it before it is
    // durable. And what a failed sync left in memory must not be taken for what the device holds.
    if (auto code = (*writable)->sync()) return io_error("sync", found.path, code);
    found.file->forget_cached();

    std::shared_ptr<SegmentIndex> known;
    if (auto bytes = folder.files.read_whole(LogFolder::sibling(found.path, LogFolder::kIndex))) {
        auto header = decode_index_header(*bytes, found.header);
        if (header && header->sealed) return missing_successor(found, header->extent.next());
        known = decode_index(*bytes, found.header);
    }
    auto scanned = index_segment(*found.file, found.header, std::move(known));
    if (!scanned) return scanned.error();
    const ScanEnd& end = scanned->end;
    if (end.valid_frame_follows) {
        return damaged_segment(found.path, end.stopped_at, end.extent.next(),
                               fmt::format("acknowledged events follow at offset {}", end.following_at));
    }
    if (end.torn_frame) {
        if (auto cut = cut_torn_frame(**writable, found.header, end.stopped_at); !cut) return cut;
        log.cut = true;
    }
    log.next = end.extent.next();
    log.last_time = std::max(found.header.last_time, end.extent.last_time);
    log.segments.push_back(std::make_shared<Segment>(found.header, std::move(found.file), scanned->index));
    return {};
}

/// What was being made, and indexes of segments that are gone.
void remove_leftovers(const LogFolder& folder, const std::vector<std::string>& names) {
    std::set<std::string> all(names.begin(), names.end());
    for (const std::string& name : names) {
        bool lone_index =
            name.ends_with(LogFolder::kIndex) && !all.contains(LogFolder::sibling(name, LogFolder::kSegment));
        if (lone_index || name.ends_with(LogFolder::kNew)) (void)folder.files.remove(folder.file(name));
    }
}

}  // namespace

Result<RecoveredLog> recover_log(const LogFolder& folder) {
    auto names = folder.files.list(folder.path);
    if (!names) return io_error("list", folder.path, names.error());
    auto segments = find_segments(folder, *names);
    if (!segments) return segments.error();
    RecoveredLog log;
    for (std::size_t i = 0; i + 1 < segments->size(); ++i) {
        FoundSegment& segment = (*segments)[i];
        auto extent = sealed_extent(folder, segment, (*segments)[i + 1]);
        if (!extent) return extent.error();
        log.segments.push_back(std::make_shared<Segment>(segment.header, std::move(segment.file), *extent));
    }
    if (!segments->empty()) {
        if (auto active = recover_active(folder, std::move(segments->back()), log); !active) return active.error();
    }
    for (const std::string& name : *names) {
        if (name.ends_with(LogFolder::kSpare)) log.spares.push_back(folder.file(name));
    }
    remove_leftovers(folder, *names);
    // The names too: a rename that was on its way at a crash is settled now.
    if (auto code = folder.files.sync_folder(folder.path)) return io_error("sync", folder.path, code);
    return log;
}

}  // namespace sluice
