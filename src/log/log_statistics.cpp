#include "log/log_statistics.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "log/segment_files.hpp"
#include "log/segment_index_file.hpp"
#include "log/segment_scan.hpp"

namespace sluice {
namespace {

using Streams = std::map<std::pair<std::string, std::string>, StreamStatistics>;

Result<std::shared_ptr<SegmentIndex>> index_of(const LogFolder& folder, const FoundSegment& segment, bool is_last) {
    if (!is_last) {
        auto bytes = folder.files.read_whole(LogFolder::sibling(segment.path, LogFolder::kIndex));
        if (auto index = bytes ? decode_index(*bytes, segment.header) : nullptr) return index;
    }
    auto scanned = index_segment(*segment.file, segment.header);
    if (!scanned) return scanned.error();
    return scanned->index;
}

void add(const SegmentIndex& index, Streams& streams, LogStatistics& all) {
    for (const SegmentIndex::Stream& stream : index.streams()) {
        StreamStatistics& into = streams[{stream.org, stream.rec_type}];
        into.events += stream.ordinals.size();
        for (std::uint32_t ordinal : stream.ordinals) into.bytes += index.place(ordinal).body_bytes;
    }
    for (const SegmentIndex::Place& place : index.places()) all.record_bytes += place.body_bytes;
    const SegmentExtent& extent = index.extent();
    all.events += extent.count;
    all.used_bytes += extent.end;
    if (extent.count == 0) return;
    if (!all.oldest_time) all.oldest_time = extent.first_time;
    all.newest_time = extent.last_time;
}

}  // namespace

Result<LogStatistics> log_statistics(const std::string& path,
                                     const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    LogFolder folder{system_log_files(), path};
    auto names = folder.files.list(path);
    if (!names) return io_error("list", path, names.error());
    LogStatistics all;
    for (const std::string& name : *names) all.spare_files += name.ends_with(LogFolder::kSpare);
    auto found = find_live_segments(folder);
    if (!found) return found.error();
    const std::vector<FoundSegment>& segments = *found;
    Streams streams;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        auto index = index_of(folder, segments[i], i + 1 == segments.size());
        if (!index && !is_still_there(folder, segments[i])) continue;  // trimmed meanwhile
        if (!index) return index.error();
        if (all.segments == 0) all.oldest = segments[i].header.first;
        add(**index, streams, all);
        all.head = std::max(all.head, (*index)->extent().next() - 1);
        all.file_bytes += segments[i].header.file_bytes;
        ++all.segments;
        if (progress) progress(all.segments, segments.size());
    }
    for (auto& [name, stream] : streams) {
        stream.org = name.first;
        stream.rec_type = name.second;
        all.streams.push_back(std::move(stream));
    }
    std::stable_sort(all.streams.begin(), all.streams.end(),
                     [](const StreamStatistics& a, const StreamStatistics& b) { return a.bytes > b.bytes; });
    return all;
}

}  // namespace sluice
