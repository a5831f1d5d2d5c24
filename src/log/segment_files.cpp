#include "log/segment_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "log/segment_scan.hpp"

namespace sluice {
namespace {

constexpr const char* kRestore = "nothing was changed; restore the missing file, or the folder, from a backup";
constexpr const char* kVerify = "nothing was changed; run `sluice store verify`, and restore the file from a backup";

}  // namespace

Result<FoundSegment> open_segment(const LogFolder& folder, const std::string& name) {
    FoundSegment found;
    found.path = folder.file(name);
    auto file = folder.files.open(found.path, LogFiles::Access::read);
    if (!file) return io_error("open", found.path, file.error());
    found.file = std::move(*file);
    auto header = read_segment_header(*found.file);
    if (!header) return header.error();
    found.header = *header;
    auto size = found.file->size();
    if (!size) return io_error("ask for the size of", found.path, size.error());
    if (*size < header->file_bytes) {
        return make_error(
            Errc::corrupt,
            fmt::format("{} was cut off: it has {} bytes, and was made with {}", found.path, *size, header->file_bytes),
            kVerify);
    }
    return found;
}

bool is_still_there(const LogFolder& folder, const FoundSegment& segment) {
    auto again = open_segment(folder, segment.path.substr(segment.path.rfind('/') + 1));
    return again && again->header.epoch == segment.header.epoch;
}

namespace {

Result<std::vector<FoundSegment>> look_for_segments(const LogFolder& folder) {
    auto names = folder.files.list(folder.path);
    if (!names) return io_error("list", folder.path, names.error());
    std::vector<FoundSegment> segments;
    for (const std::string& name : *names) {
        if (!name.ends_with(LogFolder::kSegment)) continue;
        auto segment = open_segment(folder, name);
        if (!segment) return segment.error();
        segments.push_back(std::move(*segment));
    }
    sort_segments(segments);
    for (std::size_t i = 1; i < segments.size(); ++i)
        if (auto follows = check_succession(segments[i - 1], segments[i]); !follows) return follows.error();
    return segments;
}

}  // namespace

Result<std::vector<FoundSegment>> find_live_segments(const LogFolder& folder) {
    constexpr int kLooks = 20;
    for (int look = 1;; ++look) {
        auto segments = look_for_segments(folder);
        if (segments || look == kLooks) return segments;
    }
}

void sort_segments(std::vector<FoundSegment>& segments) {
    std::sort(segments.begin(), segments.end(),
              [](const FoundSegment& a, const FoundSegment& b) { return a.header.use < b.header.use; });
}

Result<void> check_succession(const FoundSegment& before, const FoundSegment& next) {
    if (next.header.use == before.header.use) {
        return make_error(Errc::corrupt,
                          fmt::format("{} and {} are the same segment of the log", before.path, next.path),
                          "remove the copy");
    }
    if (next.header.use != before.header.use + 1) {
        return make_error(
            Errc::corrupt,
            fmt::format("{} segments are missing between {} and {} (which begins with event {})",
                        next.header.use - before.header.use - 1, before.path, next.path, next.header.first),
            kRestore);
    }
    if (next.header.previous_epoch != before.header.epoch || next.header.first < before.header.first) {
        return make_error(Errc::corrupt,
                          fmt::format("{} does not follow {}: they are of different logs", next.path, before.path),
                          kRestore);
    }
    return {};
}

Error missing_events(const FoundSegment& segment, const FoundSegment& next, Sequence found) {
    return make_error(Errc::corrupt,
                      fmt::format("{} ends before event {}, and {} begins with event {}: what is between is damaged",
                                  segment.path, found, next.path, next.header.first),
                      kVerify);
}

Error missing_successor(const FoundSegment& segment, Sequence began_with) {
    return make_error(Errc::corrupt,
                      fmt::format("the segment after {} is missing: it began with event {}", segment.path, began_with),
                      kRestore);
}

}  // namespace sluice
