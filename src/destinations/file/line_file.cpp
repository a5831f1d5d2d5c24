#include "destinations/file/line_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace sluice::file_destination {
namespace {

FileError error_of(const char* step, bool maybe_written = false) {
    return {errno, step, maybe_written};
}

/// Where the last whole line ends; nullopt when the file cannot be read (errno says why).
std::optional<std::uint64_t> end_of_last_line(int descriptor, std::uint64_t size) {
    char buffer[64 << 10];
    while (size > 0) {
        auto chunk = std::min<std::uint64_t>(size, sizeof buffer);
        auto got = ::pread(descriptor, buffer, chunk, static_cast<off_t>(size - chunk));
        if (got != static_cast<ssize_t>(chunk)) return std::nullopt;
        for (std::uint64_t i = chunk; i > 0; --i)
            if (buffer[i - 1] == '\n') return size - chunk + i;
        size -= chunk;
    }
    return std::uint64_t{0};
}

}  // namespace

LineFile::OpenResult LineFile::open(const std::string& path) {
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (descriptor < 0) return error_of("open");
    LineFile file(descriptor, 0);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return error_of("open");
    if (!S_ISREG(status.st_mode)) return FileError{EINVAL, "open"};
    auto size = static_cast<std::uint64_t>(status.st_size);
    auto end = end_of_last_line(descriptor, size);
    if (!end) return error_of("read");
    if (*end != size && ::ftruncate(descriptor, static_cast<off_t>(*end)) != 0) return error_of("truncate");
    if (size == 0) {
        // A new file's name must outlive a power cut, or its lines do not.
        auto slash = path.rfind('/');
        auto folder = slash == std::string::npos ? std::string(".")
                      : slash == 0               ? std::string("/")
                                                 : path.substr(0, slash);
        int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool synced = directory >= 0 && ::fsync(directory) == 0;
        auto error = error_of("sync");
        if (directory >= 0) ::close(directory);
        if (!synced) return error;
    }
    file.size_ = *end;
    return file;
}

LineFile::LineFile(LineFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(std::exchange(other.size_, 0)) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = std::exchange(other.descriptor_, -1);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

LineFile::~LineFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

boost::system::result<void, FileError> LineFile::append(std::span<const std::string_view> lines) {
    static char line_feed = '\n';
    std::vector<iovec> parts;
    parts.reserve(lines.size() * 2);
    std::uint64_t total = 0;
    for (auto line : lines) {
        parts.push_back({const_cast<char*>(line.data()), line.size()});
        parts.push_back({&line_feed, 1});
        total += line.size() + 1;
    }
    std::uint64_t written = 0;
    std::size_t first = 0;
    while (first < parts.size()) {
        auto count = static_cast<int>(std::min<std::size_t>(parts.size() - first, IOV_MAX));
        auto got = ::pwritev(descriptor_, parts.data() + first, count, static_cast<off_t>(size_ + written));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            auto error = error_of("write");
            error.maybe_written = ::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0;
            return error;
        }
        written += static_cast<std::uint64_t>(got);
        auto left = static_cast<std::size_t>(got);
        while (first < parts.size() && left >= parts[first].iov_len) left -= parts[first++].iov_len;
        if (left > 0) {
            parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + left;
            parts[first].iov_len -= left;
        }
    }
    // After a failed sync nobody knows what is on the disk.
    if (::fdatasync(descriptor_) != 0) return error_of("sync", true);
    size_ += total;
    return {};
}

}  // namespace sluice::file_destination
