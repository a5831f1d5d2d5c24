#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "log/log_files.hpp"

namespace sluice {
namespace {

constexpr std::uint32_t kSmallestBlock = 512;
constexpr std::uint32_t kPage = 4096;

std::error_code last_error() {
    return {errno, std::generic_category()};
}

/// A descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

  private:
    int fd_;
};

Descriptor open_descriptor(const std::string& path, int flags, mode_t mode = 0) {
    int fd;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return Descriptor(fd);
}

std::error_code write_all(int fd, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) {
            if (errno == EINTR) continue;
            return last_error();
        }
        if (written == 0) return {EIO, std::generic_category()};
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

IoResult<std::size_t> read_all(int fd, std::uint64_t offset, char* into, std::size_t bytes) {
    std::size_t done = 0;
    while (done < bytes) {
        ssize_t got = ::pread(fd, into + done, bytes - done, static_cast<off_t>(offset + done));
        if (got < 0) {
            if (errno == EINTR) continue;
            return last_error();
        }
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

std::error_code sync_data(int fd) {
    // An interrupted sync has not said that it failed, and nothing was reported and forgotten: asking again is right.
    while (::fdatasync(fd) != 0) {
        if (errno != EINTR) return last_error();
    }
    return {};
}

/// What the device under `fd` writes as a whole, from sysfs; a page where that cannot be told.
std::uint32_t physical_sector(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return kPage;
    auto device = fmt::format("/sys/dev/block/{}:{}", major(status.st_dev), minor(status.st_dev));
    for (const char* folder : {"/queue", "/../queue"}) {  // a disk's own, or that of a partition's disk
        std::ifstream file(device + folder + "/physical_block_size");
        std::uint32_t bytes = 0;
        if (file >> bytes) return std::clamp(std::bit_ceil(bytes), kSmallestBlock, kPage);
    }
    return kPage;
}

class SystemFile final : public LogFile {
  public:
    SystemFile(std::string path, Descriptor fd) : LogFile(std::move(path)), fd_(std::move(fd)) {}

    /// Writes go straight to the device from here on, where the file system and the device allow it.
    void write_directly() {
        Descriptor direct = open_descriptor(path(), O_RDWR | O_DIRECT);
        if (!direct) return;
        std::uint32_t block = physical_sector(direct.get());
        // Some file systems take the flag and refuse the transfer: one read tells.
        std::unique_ptr<char, decltype(&std::free)> probe(static_cast<char*>(std::aligned_alloc(kPage, kPage)),
                                                          &std::free);
        if (!probe || ::pread(direct.get(), probe.get(), block, 0) < 0) return;
        direct_ = std::move(direct);
        block_bytes_ = block;
    }

    IoResult<std::uint64_t> size() const override {
        struct stat status {};
        if (::fstat(fd_.get(), &status) != 0) return last_error();
        return static_cast<std::uint64_t>(status.st_size);
    }
    std::uint32_t block_bytes() const noexcept override { return block_bytes_; }
    std::error_code write(std::uint64_t offset, std::string_view bytes) override {
        return write_all(direct_ ? direct_.get() : fd_.get(), offset, bytes);
    }
    std::error_code sync() override { return sync_data(direct_ ? direct_.get() : fd_.get()); }
    IoResult<std::size_t> read(std::uint64_t offset, char* into, std::size_t bytes) const override {
        return read_all(fd_.get(), offset, into, bytes);
    }
    void forget_cached() const override { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED); }

  private:
    Descriptor fd_;
    Descriptor direct_;
    std::uint32_t block_bytes_ = kPage;
};

class FlockLock final : public FolderLock {
  public:
    explicit FlockLock(Descriptor fd) : fd_(std::move(fd)) {}

  private:
    Descriptor fd_;
};

std::string holder(int fd) {
    char text[32];
    auto got = read_all(fd, 0, text, sizeof text);
    std::string pid(text, got ? *got : 0);
    pid.erase(std::find_if(pid.begin(), pid.end(), [](char c) { return c < '0' || c > '9'; }), pid.end());
    return pid.empty() ? "another process" : "process " + pid;
}

class SystemFiles final : public LogFiles {
  public:
    std::error_code make_folder(const std::string& folder) override {
        std::error_code code;
        std::filesystem::create_directories(folder, code);
        return code;
    }

    Result<std::unique_ptr<FolderLock>> lock(const std::string& folder, LockMode mode) override {
        std::string path = folder + "/LOCK";
        bool exclusive = mode == LockMode::exclusive;
        Descriptor fd = open_descriptor(path, exclusive ? O_RDWR | O_CREAT : O_RDONLY, 0644);
        if (!fd) {
            if (!exclusive && errno == ENOENT)
                return std::unique_ptr<FolderLock>(std::make_unique<FlockLock>(Descriptor()));
            return io_error("open the lock file", path, last_error());
        }
        if (::flock(fd.get(), (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return io_error("lock", path, last_error());
            return make_error(Errc::conflict, fmt::format("the log in {} is in use by {}", folder, holder(fd.get())),
                              "stop that process, or choose another data folder");
        }
        if (exclusive) {
            std::string pid = std::to_string(::getpid()) + "\n";
            // The number is for the error message above only; a lock without it still locks.
            if (::ftruncate(fd.get(), 0) == 0) (void)write_all(fd.get(), 0, pid);
        }
        return std::unique_ptr<FolderLock>(std::make_unique<FlockLock>(std::move(fd)));
    }

    IoResult<std::vector<std::string>> list(const std::string& folder) override {
        std::error_code code;
        std::vector<std::string> names;
        for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
            std::error_code ignored;
            if (at->is_regular_file(ignored)) names.push_back(at->path().filename().string());
        }
        if (code) return code;
        std::sort(names.begin(), names.end());
        return names;
    }

    IoResult<std::uint64_t> free_bytes(const std::string& folder) override {
        struct statvfs status {};
        if (::statvfs(folder.c_str(), &status) != 0) return last_error();
        return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
    }

    IoResult<std::unique_ptr<LogFile>> open(const std::string& path, Access access) override {
        bool write = access == Access::read_write;
        Descriptor fd = open_descriptor(path, write ? O_RDWR : O_RDONLY);
        if (!fd) return last_error();
        auto file = std::make_unique<SystemFile>(path, std::move(fd));
        if (write) file->write_directly();
        return std::unique_ptr<LogFile>(std::move(file));
    }

    std::error_code create(const std::string& path, std::uint64_t bytes) override {
        Descriptor fd = open_descriptor(path, O_RDWR | O_CREAT | O_EXCL, 0644);
        if (!fd) return last_error();
        int code;
        do {
            code = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes));
        } while (code == EINTR);
        if (code != 0) {
            ::unlink(path.c_str());
            return {code, std::generic_category()};
        }
        return {};
    }

    std::error_code rename(const std::string& from, const std::string& to) override {
        return ::rename(from.c_str(), to.c_str()) == 0 ? std::error_code() : last_error();
    }
    std::error_code remove(const std::string& path) override {
        return ::unlink(path.c_str()) == 0 ? std::error_code() : last_error();
    }
    std::error_code sync_folder(const std::string& folder) override {
        Descriptor fd = open_descriptor(folder, O_RDONLY | O_DIRECTORY);
        if (!fd) return last_error();
        return ::fsync(fd.get()) == 0 ? std::error_code() : last_error();
    }

    IoResult<std::string> read_whole(const std::string& path) override {
        Descriptor fd = open_descriptor(path, O_RDONLY);
        struct stat status {};
        if (!fd || ::fstat(fd.get(), &status) != 0) return last_error();
        std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
        auto got = read_all(fd.get(), 0, bytes.data(), bytes.size());
        if (!got) return got.error();
        bytes.resize(*got);
        return bytes;
    }
    std::error_code write_whole(const std::string& path, std::string_view bytes) override {
        Descriptor fd = open_descriptor(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        return fd ? write_all(fd.get(), 0, bytes) : last_error();
    }
};

}  // namespace

LogFiles& system_log_files() {
    static SystemFiles files;
    return files;
}

Error io_error(std::string_view what, const std::string& path, std::error_code code) {
    std::string hint;
    if (code == std::errc::read_only_file_system) hint = "the log needs a file system that can be written";
    if (code == std::errc::permission_denied) hint = "give the user Sluice runs as the right to read and write there";
    if (code == std::errc::too_many_files_open) hint = "raise the limit on open files (ulimit -n)";
    return make_error(Errc::io, fmt::format("cannot {} {}: {}", what, path, code.message()), std::move(hint));
}

}  // namespace sluice
