#include "log/free_disk.hpp"

#include <fmt/format.h>

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kAskEvery{200};
constexpr const char* kHint = "make room, or lower retention; writing goes on by itself when there is";

}  // namespace

Result<std::uint64_t> FreeDisk::ask() {
    auto free = folder_.files.free_bytes(folder_.path);
    if (!free) return io_error("ask for the free space of", folder_.path, free.error());
    free_ = *free;
    asked_ = true;
    asked_at_ = clock_.steady_now();
    return free_;
}

Result<void> FreeDisk::check() {
    if (floor_ == 0) return {};
    if (!asked_ || clock_.steady_now() - asked_at_ >= kAskEvery) {
        if (auto free = ask(); !free) return free.error();
    }
    if (free_ < floor_) return below_floor(floor_, free_);
    return {};
}

Result<void> FreeDisk::check_for(std::uint64_t bytes) {
    if (floor_ == 0) return {};
    auto free = ask();
    if (!free) return free.error();
    if (*free < floor_ + bytes) return below_floor(floor_ + bytes, *free);
    return {};
}

Error FreeDisk::below_floor(std::uint64_t needed, std::uint64_t free) const {
    return make_error(
        Errc::exhausted,
        fmt::format("too little free disk in {}: {} bytes are free and {} are needed (min_free_disk is {})",
                    folder_.path, free, needed, floor_),
        kHint);
}

Error FreeDisk::full(std::uint64_t bytes) {
    auto free = ask();
    return make_error(Errc::exhausted,
                      fmt::format("disk full: {} has no room for the next segment of {} bytes ({} free)", folder_.path,
                                  bytes, free ? *free : 0),
                      kHint);
}

}  // namespace sluice
