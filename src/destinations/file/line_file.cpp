#include "destinations/file/line_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
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
        if (got >= 0 && got != static_cast<ssize_t>(chunk)) errno = EIO;  // somebody cut it meanwhile
        if (got != static_cast<ssize_t>(chunk)) return std::nullopt;
        for (std::uint64_t i = chunk; i > 0; --i)
            if (buffer[i - 1] == '\n') return size - chunk + i;
        size -= chunk;
    }
    return std::uint64_t{0};
}

/// 0 when `path` names the file of `descriptor`; ESTALE when it names another or none; else why nobody knows.
int still_names(const std::string& path, int descriptor) {
    struct stat named {};
    struct stat open {};
    if (::fstat(descriptor, &open) != 0) return errno;
    if (::lstat(path.c_str(), &named) != 0) return errno == ENOENT || errno == ENOTDIR ? ESTALE : errno;
    return named.st_dev == open.st_dev && named.st_ino == open.st_ino ? 0 : ESTALE;
}

/// 0, or why not. Where the file system has no locks there is nobody to agree with.
int lock(int descriptor) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == ENOLCK ? 0 : errno;
}

std::string folder_of(const std::string& path) {
    auto slash = path.rfind('/');
    return slash == std::string::npos ? std::string(".") : slash == 0 ? std::string("/") : path.substr(0, slash);
}

/// A new file's name must outlive a power cut, or its lines do not.
int sync_folder_of(const std::string& path) {
    auto folder = folder_of(path);
    int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno;
    int refused = ::fsync(directory) == 0 ? 0 : errno;
    ::close(directory);
    return refused;
}

/// Each round lost is a file that somebody put in this one's place between two system calls.
constexpr int kOpenRounds = 8;

}  // namespace

int LineFile::refusal(const std::string& path) {
    // Not waiting for whoever reads a named pipe.
    int descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor >= 0) {
        struct stat status {};
        int refused = ::fstat(descriptor, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
        ::close(descriptor);
        return refused;
    }
    if (errno != ENOENT) return errno;
    // A file without a name is gone with its descriptor. Not every file system has them.
    auto folder = folder_of(path);
    descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0) {
        ::close(descriptor);
        return 0;
    }
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return errno;
    return ::access(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

LineFile::OpenResult LineFile::open(const std::string& path, TornLine torn) {
    for (int round = 0; round < kOpenRounds; ++round) {
        // O_APPEND: what somebody who takes no lock appends meanwhile is not written over.
        int descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (descriptor < 0) return error_of("open");
        LineFile file(descriptor, path);
        struct stat status {};
        if (::fstat(descriptor, &status) != 0) return error_of("open");
        if (!S_ISREG(status.st_mode)) return FileError{EINVAL, "open"};
        if (int refused = lock(descriptor); refused != 0) return FileError{refused, "lock"};
        int moved = still_names(path, descriptor);
        if (moved == ESTALE) continue;
        if (moved != 0) return FileError{moved, "open"};
        if (auto ready = file.find_end(torn); !ready) return ready.error();
        return file;
    }
    return FileError{ESTALE, "open"};
}

boost::system::result<void, FileError> LineFile::find_end(TornLine torn) {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return error_of("open");
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ == 0) {
        int refused = sync_folder_of(path_);
        if (refused != 0) return FileError{refused, "sync"};
        return {};
    }
    char last = 0;
    auto got = ::pread(descriptor_, &last, 1, static_cast<off_t>(size_ - 1));
    if (got < 0) return error_of("read");
    if (got == 0) return FileError{EIO, "read"};  // somebody cut it meanwhile
    if (last == '\n') return {};
    if (torn == TornLine::end) {
        unended_ = true;
        return {};
    }
    auto end = end_of_last_line(descriptor_, size_);
    if (!end) return error_of("read");
    if (::ftruncate(descriptor_, static_cast<off_t>(*end)) != 0) return error_of("truncate");
    size_ = *end;
    return {};
}

LineFile::LineFile(LineFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      size_(other.size_),
      unended_(other.unended_) {}

LineFile::~LineFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool LineFile::take_back(std::uint64_t written) {
    if (written == 0) return true;
    struct stat status {};
    // More than that is somebody else's, and not ours to cut.
    return ::fstat(descriptor_, &status) == 0 && static_cast<std::uint64_t>(status.st_size) == size_ + written &&
           ::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0;
}

boost::system::result<void, FileError> LineFile::append(std::span<const std::string_view> lines) {
    static char line_feed = '\n';
    std::vector<iovec> parts;
    parts.reserve(lines.size() * 2 + 2);
    // A pair too, as every line is: one call's share (IOV_MAX, even) ends with a line, unless the disk is full.
    if (unended_) parts.insert(parts.end(), {{&line_feed, 0}, {&line_feed, 1}});
    for (auto line : lines) {
        parts.push_back({const_cast<char*>(line.data()), line.size()});
        parts.push_back({&line_feed, 1});
    }
    std::uint64_t written = 0;
    std::size_t first = 0;
    while (first < parts.size()) {
        auto count = static_cast<int>(std::min<std::size_t>(parts.size() - first, IOV_MAX));
        auto got = ::writev(descriptor_, parts.data() + first, count);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            auto error = error_of("write");
            error.maybe_written = !take_back(written);
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
    // Whoever took the file away before the lines were in it may have read it already.
    if (int moved = still_names(path_, descriptor_); moved != 0) return FileError{moved, "write", true};
    return {};
}

}  // namespace sluice::file_destination
