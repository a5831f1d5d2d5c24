#include "log/segment_scan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "event/codec.hpp"

namespace sluice {
namespace {

constexpr std::size_t kReadAhead = 1 << 20;

/// A window that slides forward over a file.
class FileWindow {
  public:
    FileWindow(const LogFile& file, std::uint64_t file_bytes) : file_(file), file_bytes_(file_bytes) {}

    /// The bytes at `offset`: `size` of them, or fewer at the end of the file. Valid until the next call.
    Result<std::string_view> at(std::uint64_t offset, std::size_t size) {
        if (offset < start_ || offset + size > start_ + bytes_.size()) {
            std::uint64_t left = file_bytes_ - std::min(offset, file_bytes_);
            bytes_.resize(std::min<std::uint64_t>(std::max(size, kReadAhead), left));
            auto got = file_.read(offset, bytes_.data(), bytes_.size());
            if (!got) return io_error("read", file_.path(), got.error());
            bytes_.resize(*got);
            start_ = offset;
        }
        return std::string_view(bytes_).substr(std::min<std::uint64_t>(offset - start_, bytes_.size()), size);
    }

  private:
    const LogFile& file_;
    const std::uint64_t file_bytes_;
    std::string bytes_;
    std::uint64_t start_ = 0;
};

/// Looks at each place where a frame could begin.
Result<void> find_following_frame(FileWindow& window, const SegmentHeader& header, ScanEnd& end) {
    for (std::uint64_t offset = end.stopped_at; offset + kFrameHeaderBytes <= header.file_bytes;
         offset += header.block_bytes) {
        auto bytes = window.at(offset, kFrameHeaderBytes);
        if (!bytes) return bytes.error();
        if (bytes->size() < kFrameHeaderBytes) break;
        auto frame = decode_frame_header(*bytes, header, offset);
        if (!frame) continue;
        if (offset == end.stopped_at) end.torn_frame = true;
        if (frame->first <= end.extent.next()) continue;
        auto records = window.at(offset + kFrameHeaderBytes, frame->bytes);
        if (!records) return records.error();
        if (decode_frame(*frame, *records, [](std::string_view) {})) {
            end.valid_frame_follows = true;
            end.following_at = offset;
            break;
        }
    }
    return {};
}

}  // namespace

Result<SegmentHeader> read_segment_header(const LogFile& file) {
    std::string bytes(kSegmentHeaderBytes, '\0');
    auto got = file.read(0, bytes.data(), bytes.size());
    if (!got) return io_error("read", file.path(), got.error());
    return decode_segment_header(std::string_view(bytes).substr(0, *got), file.path());
}

Result<ScanEnd> scan_segment(const LogFile& file, const SegmentHeader& header, const SegmentExtent& from,
                             const OnFrame& on_frame) {
    FileWindow window(file, header.file_bytes);
    ScanEnd end;
    end.extent = from;
    std::vector<IndexedRecord> records;
    for (;;) {
        std::uint64_t offset = align_up(end.extent.end, header.block_bytes);
        end.stopped_at = offset;
        auto start = window.at(offset, kFrameHeaderBytes);
        if (!start) return start.error();
        auto frame = decode_frame_header(*start, header, offset);
        if (!frame || frame->first != end.extent.next() || frame->time < end.extent.last_time) break;
        auto bytes = window.at(offset + kFrameHeaderBytes, frame->bytes);
        if (!bytes) return bytes.error();

        records.clear();
        bool all_events = true;
        bool whole = decode_frame(*frame, *bytes, [&](std::string_view body) {
            auto view = decode_event(body);
            if (!view) {
                all_events = false;
                return;
            }
            records.push_back({*view, static_cast<std::uint32_t>(body.size())});
        });
        if (!whole) break;
        if (!all_events) {
            return damaged_segment(file.path(), offset, frame->first,
                                   "a record whose checksum is right is not an event");
        }
        on_frame(*frame, records);
        if (end.extent.count == 0) end.extent.first_time = frame->time;
        end.extent.last_time = frame->time;
        end.extent.count += frame->count;
        end.extent.end = frame->end();
    }
    if (auto found = find_following_frame(window, header, end); !found) return found.error();
    return end;
}

Result<ScannedSegment> index_segment(const LogFile& file, const SegmentHeader& header,
                                     std::shared_ptr<SegmentIndex> known) {
    ScannedSegment scanned;
    scanned.index = known ? std::move(known) : std::make_shared<SegmentIndex>(header.first);
    auto end = scan_segment(file, header, scanned.index->extent(),
                            [&](const FrameHeader& frame, std::span<const IndexedRecord> records) {
                                scanned.index->add_frame(frame, records);
                            });
    if (!end) return end.error();
    scanned.end = *end;
    return scanned;
}

Error damaged_segment(const std::string& path, std::uint64_t offset, Sequence sequence, std::string_view why) {
    return make_error(
        Errc::corrupt,
        fmt::format("{} is damaged at offset {}, where event {} should be: {}", path, offset, sequence, why),
        "nothing was changed; run `sluice store verify` to see what is readable, and restore the file from a "
        "backup");
}

}  // namespace sluice
