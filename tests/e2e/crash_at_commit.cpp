// Preloaded into `sluice serve` by the oracle: ends the process, as kill -9 would, at a chosen point of a chosen group
// commit of the log. SLUICE_CRASH_AT is POINT:N, where POINT is one of
//   before   nothing of the N-th write has reached the file
//   half     the first half of it has
//   written  all of it has, and it is not synced
//   synced   it is synced, and nobody has been told
// Writes and syncs of the log's segments are counted only.
#include <dlfcn.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using Counter = std::atomic<long>;

std::string_view crash_at() {
    static const char* value = std::getenv("SLUICE_CRASH_AT");
    return value != nullptr ? value : "";
}

bool is_segment(int fd) {
    char link[64], path[PATH_MAX];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = ::readlink(link, path, sizeof path);
    return size > 0 && std::string_view(path, static_cast<std::size_t>(size)).ends_with(".segment");
}

/// True when this is the one: each point counts for itself.
bool is_due(std::string_view point, Counter& calls) {
    auto wanted = crash_at();
    auto colon = wanted.find(':');
    if (colon == std::string_view::npos || wanted.substr(0, colon) != point) return false;
    return ++calls == std::atol(wanted.data() + colon + 1);
}

[[noreturn]] void die() {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
}

ssize_t write_or_die(const char* symbol, int fd, const void* from, std::size_t bytes, off_t offset) {
    static Counter before, half;
    auto write_it = reinterpret_cast<ssize_t (*)(int, const void*, std::size_t, off_t)>(::dlsym(RTLD_NEXT, symbol));
    if (!crash_at().empty() && is_segment(fd)) {
        if (is_due("before", before)) die();
        if (is_due("half", half)) {
            // Whole blocks, or a file that is written directly would take nothing at all.
            if (std::size_t part = bytes / 2 / 512 * 512) write_it(fd, from, part, offset);
            die();
        }
    }
    return write_it(fd, from, bytes, offset);
}

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* from, std::size_t bytes, off_t offset) {
    return write_or_die("pwrite", fd, from, bytes, offset);
}

ssize_t pwrite64(int fd, const void* from, std::size_t bytes, off_t offset) {
    return write_or_die("pwrite64", fd, from, bytes, offset);
}

int fdatasync(int fd) {
    static Counter written, synced;
    auto sync_it = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fdatasync"));
    if (crash_at().empty() || !is_segment(fd)) return sync_it(fd);
    if (is_due("written", written)) die();
    int result = sync_it(fd);
    if (is_due("synced", synced)) die();
    return result;
}

}  // extern "C"
