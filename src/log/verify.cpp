#include "log/verify.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "log/segment_files.hpp"
#include "log/segment_index_file.hpp"
#include "log/segment_scan.hpp"

namespace sluice {
namespace {

/// The last segment's index may be older than the segment; a sealed one's is of all of it.
SegmentReport::Index check_index(const LogFolder& folder, const FoundSegment& segment, const SegmentExtent& extent,
                                 bool sealed) {
    auto bytes = folder.files.read_whole(LogFolder::sibling(segment.path, LogFolder::kIndex));
    if (!bytes) return SegmentReport::Index::missing;
    auto index = decode_index(*bytes, segment.header);
    bool fits = index && (sealed ? index->extent() == extent : index->extent().next() <= extent.next());
    return fits ? SegmentReport::Index::good : SegmentReport::Index::damaged;
}

SegmentReport check_segment(const LogFolder& folder, const FoundSegment& segment, const FoundSegment* next) {
    SegmentReport report;
    report.path = segment.path;
    report.first = segment.header.first;
    report.last = segment.header.first - 1;
    report.file_bytes = segment.header.file_bytes;
    SegmentExtent from{.first = segment.header.first};
    auto end = scan_segment(*segment.file, segment.header, from,
                            [&](const FrameHeader&, std::span<const IndexedRecord>) { ++report.frames; });
    if (!end) {
        report.problems.push_back(end.error());
        return report;
    }
    const SegmentExtent& extent = end->extent;
    report.last = extent.last();
    report.events = extent.count;
    report.used_bytes = extent.end;
    report.first_time = extent.first_time;
    report.last_time = extent.last_time;
    report.index = check_index(folder, segment, extent, next != nullptr);
    report.torn_tail = next == nullptr && end->torn_frame && !end->valid_frame_follows;
    if (end->valid_frame_follows) {
        report.problems.push_back(
            damaged_segment(segment.path, end->stopped_at, extent.next(),
                            fmt::format("acknowledged events follow at offset {}", end->following_at)));
    } else if (next != nullptr && extent.next() != next->header.first) {
        report.problems.push_back(missing_events(segment, *next, extent.next()));
    }
    if (next == nullptr) {
        auto bytes = folder.files.read_whole(LogFolder::sibling(segment.path, LogFolder::kIndex));
        auto header = bytes ? decode_index_header(*bytes, segment.header) : std::nullopt;
        if (header && header->sealed) report.problems.push_back(missing_successor(segment, header->extent.next()));
        if (header && header->extent.next() > extent.next()) {
            report.problems.push_back(
                damaged_segment(segment.path, end->stopped_at, extent.next(),
                                "its index, written when the log was closed, knows later events"));
        }
    }
    return report;
}

}  // namespace

bool LogReport::sound() const noexcept {
    return std::all_of(segments.begin(), segments.end(),
                       [](const SegmentReport& report) { return report.problems.empty(); });
}

namespace {

Result<LogReport> read_all(const LogFolder& folder) {
    auto names = folder.files.list(folder.path);
    if (!names) return io_error("list", folder.path, names.error());

    LogReport log;
    std::vector<FoundSegment> segments;
    std::vector<SegmentReport> no_segments;
    for (const std::string& name : *names) {
        if (name.ends_with(LogFolder::kSpare)) ++log.spare_files;
        if (!name.ends_with(LogFolder::kSegment)) continue;
        auto segment = open_segment(folder, name);
        if (segment) {
            segments.push_back(std::move(*segment));
        } else {
            SegmentReport report;
            report.path = folder.file(name);
            report.problems.push_back(segment.error());
            no_segments.push_back(std::move(report));
        }
    }
    sort_segments(segments);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        bool follows = i + 1 < segments.size();
        // Where the next one is another segment's successor, this one's end is not its to tell.
        auto succession = follows ? check_succession(segments[i], segments[i + 1]) : Result<void>();
        log.segments.push_back(check_segment(folder, segments[i], follows && succession ? &segments[i + 1] : nullptr));
        if (!succession) log.segments.back().problems.push_back(succession.error());
        log.head = std::max(log.head, log.segments.back().last);
    }
    std::move(no_segments.begin(), no_segments.end(), std::back_inserter(log.segments));
    return log;
}

/// Keeps of the problems those that an earlier look found too.
void keep_lasting(LogReport& log, const LogReport& before) {
    auto was_there = [&](const Error& problem) {
        return std::any_of(before.segments.begin(), before.segments.end(), [&](const SegmentReport& segment) {
            return std::any_of(segment.problems.begin(), segment.problems.end(),
                               [&](const Error& one) { return one.message == problem.message; });
        });
    };
    for (SegmentReport& segment : log.segments)
        std::erase_if(segment.problems, [&](const Error& problem) { return !was_there(problem); });
}

}  // namespace

Result<LogReport> verify_log(const std::string& path, LogFiles* files) {
    LogFolder folder{files != nullptr ? *files : system_log_files(), path};
    auto lock = folder.files.lock(folder.path, LogFiles::LockMode::shared);
    if (!lock) return lock.error();
    return read_all(folder);
}

Result<LogReport> verify_live_log(const std::string& path, LogFiles* files) {
    LogFolder folder{files != nullptr ? *files : system_log_files(), path};
    auto log = read_all(folder);
    if (!log || log->sound()) return log;
    auto again = read_all(folder);
    if (again) keep_lasting(*again, *log);
    return again;
}

}  // namespace sluice
