#include "log/log_copy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "log/segment_files.hpp"
#include "log/segment_index_file.hpp"
#include "log/segment_scan.hpp"

namespace sluice {
namespace {

/// What is read of a file at a time.
constexpr std::size_t kChunkBytes = 1 << 20;

std::error_code error_of_call() {
    return {errno, std::generic_category()};
}

Error copy_error(std::string_view what, const std::string& path, std::error_code code) {
    Error error = io_error(what, path, code);
    if (code == std::errc::no_space_on_device)
        return make_error(Errc::exhausted, error.message, "make room there, or choose a folder on another disk");
    return error;
}

/// Closes itself.
struct CopyFile {
    int fd = -1;
    explicit CopyFile(int opened) : fd(opened) {}
    ~CopyFile() {
        if (fd >= 0) ::close(fd);
    }
    CopyFile(const CopyFile&) = delete;
    CopyFile& operator=(const CopyFile&) = delete;
};

/// A segment that a process may be writing to: how much of it is durable and whole. A frame that was not yet there when
/// its place was read, while the next one was when its place was, looks like damage; looked at again it is there.
Result<std::uint64_t> durable_end(const FoundSegment& segment, SegmentExtent& extent) {
    std::uint64_t stopped_before = 0;
    for (;;) {
        SegmentExtent from{.first = segment.header.first};
        auto end = scan_segment(*segment.file, segment.header, from, [](const FrameHeader&, auto) {});
        if (!end) return end.error();
        extent = end->extent;
        if (!end->valid_frame_follows) return end->extent.end;
        if (end->stopped_at == stopped_before)
            return damaged_segment(segment.path, end->stopped_at, end->extent.next(),
                                   fmt::format("acknowledged events follow at offset {}", end->following_at));
        stopped_before = end->stopped_at;
    }
}

/// Gives the bytes copied, and how far its events reach.
Result<std::uint64_t> copy_one(const FoundSegment& segment, const FoundSegment* next, const std::string& to,
                               SegmentExtent& reached) {
    auto end = durable_end(segment, reached);
    if (!end) return end.error();
    if (next != nullptr && reached.next() != next->header.first) return missing_events(segment, *next, reached.next());
    auto copied = copy_file_durably(segment.path, to, *end, segment.header.file_bytes, false);
    if (!copied) return copied.error();
    return *end;
}

}  // namespace

Result<void> copy_file_durably(const std::string& from, const std::string& to, std::uint64_t bytes, std::uint64_t size,
                               bool allocated) {
    CopyFile source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (source.fd < 0) return copy_error("open", from, error_of_call());
    CopyFile target(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (target.fd < 0) return copy_error("make", to, error_of_call());
    if (allocated && size > 0) {
        if (int code = ::posix_fallocate(target.fd, 0, static_cast<off_t>(size)); code != 0)
            return copy_error("make room for", to, {code, std::generic_category()});
    } else if (::ftruncate(target.fd, static_cast<off_t>(size)) != 0) {
        return copy_error("make", to, error_of_call());
    }
    std::vector<char> chunk(kChunkBytes);
    for (std::uint64_t at = 0; at < bytes;) {
        auto want = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), bytes - at));
        ssize_t got = ::pread(source.fd, chunk.data(), want, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return copy_error("read", from, error_of_call());
        if (got == 0) return make_error(Errc::corrupt, fmt::format("{} ends at byte {} of {}", from, at, bytes));
        for (ssize_t done = 0; done < got;) {
            ssize_t written = ::pwrite(target.fd, chunk.data() + done, static_cast<std::size_t>(got - done),
                                       static_cast<off_t>(at + static_cast<std::uint64_t>(done)));
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return copy_error("write", to, error_of_call());
            done += written;
        }
        at += static_cast<std::uint64_t>(got);
    }
    if (::fsync(target.fd) != 0) return copy_error("sync", to, error_of_call());
    return {};
}

std::uint64_t LogCopy::copied_bytes() const {
    std::uint64_t bytes = 0;
    for (const Copied& each : copied_) bytes += each.bytes;
    return bytes;
}

LogCopy::LogCopy(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

Result<void> LogCopy::sealed(const Progress& progress) {
    if (auto copied = copy_all(false, progress, nullptr); !copied) return copied.error();
    return {};
}

Result<LogCopy::Extent> LogCopy::rest(const Progress& progress) {
    Extent extent;
    for (;;) {
        auto whole = copy_all(true, progress, &extent);
        if (!whole) return whole.error();
        if (*whole) break;
    }
    if (auto code = system_log_files().sync_folder(to_)) return copy_error("sync", to_, code);
    extent.bytes = copied_bytes();
    extent.segments = copied_.size();
    extent.oldest = copied_.empty() ? 1 : copied_.front().first;
    return extent;
}

/// What was copied by an earlier call is not copied again. False when the newest segment of when it looked has gone:
/// what was written since then is in others.
Result<bool> LogCopy::copy_all(bool last_too, const Progress& progress, Extent* extent) {
    LogFolder folder{system_log_files(), from_};
    if (auto code = folder.files.make_folder(to_)) return copy_error("make", to_, code);
    auto found = find_live_segments(folder);
    if (!found) return found.error();
    const std::vector<FoundSegment>& segments = *found;

    std::uint64_t of_bytes = 0;
    for (const FoundSegment& segment : segments) of_bytes += segment.header.file_bytes;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const FoundSegment& segment = segments[i];
        bool is_last = i + 1 == segments.size();
        if (is_last && !last_too) break;
        auto to = to_ + "/" + std::filesystem::path(segment.path).filename().string();
        std::error_code ignored;
        bool done_before = std::filesystem::exists(to, ignored);
        SegmentExtent reached{.first = segment.header.first};
        if (!done_before || is_last) {
            auto copied = copy_one(segment, is_last ? nullptr : &segments[i + 1], to, reached);
            if (!is_still_there(folder, segment)) {
                // Trimmed meanwhile, and so was all that is older: a copy without a hole begins behind it.
                std::filesystem::remove(to, ignored);
                for (const Copied& older : std::exchange(copied_, {})) std::filesystem::remove(older.path, ignored);
                if (is_last) return false;
                continue;
            }
            if (!copied) return copied.error();
            copied_.push_back({to, segment.header.first, *copied});
            // Only a sealed segment's index is of all of it. Without one it is made again.
            auto index = LogFolder::sibling(segment.path, LogFolder::kIndex);
            if (auto bytes = folder.files.read_whole(index); bytes && !is_last)
                (void)folder.files.write_whole(LogFolder::sibling(to, LogFolder::kIndex), *bytes);
        }
        if (progress) progress(copied_bytes(), of_bytes);
        if (extent != nullptr && is_last) extent->head = reached.last();
    }
    return true;
}

}  // namespace sluice
