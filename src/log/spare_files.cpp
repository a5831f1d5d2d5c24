#include "log/spare_files.hpp"

#include <algorithm>

namespace sluice {

void SpareFiles::adopt(std::string path) {
    keep({std::move(path), {}});
}

Result<void> SpareFiles::retire(const std::shared_ptr<Segment>& segment) {
    std::string spare = LogFolder::sibling(segment->path(), LogFolder::kSpare);
    auto code = folder_.files.rename(segment->path(), spare);
    // It has its new name since an earlier try, whose sync failed.
    const bool is_renamed =
        code == std::errc::no_such_file_or_directory && folder_.files.open(spare, LogFiles::Access::read).has_value();
    if (code && !is_renamed) return io_error("rename", segment->path(), code);
    // Durable before the next one is: what is left after a crash has no hole.
    if (auto failed = folder_.files.sync_folder(folder_.path)) return io_error("sync", folder_.path, failed);
    (void)folder_.files.remove(
        LogFolder::sibling(segment->path(), LogFolder::kIndex));  // found unused at the next start
    keep({std::move(spare), segment});
    return {};
}

std::optional<std::string> SpareFiles::take() {
    std::lock_guard lock(mutex_);
    auto free =
        std::find_if(spares_.begin(), spares_.end(), [](const Spare& spare) { return spare.last_use.expired(); });
    if (free == spares_.end()) return std::nullopt;
    std::string path = std::move(free->path);
    spares_.erase(free);
    return path;
}

void SpareFiles::keep(Spare spare) {
    std::lock_guard lock(mutex_);
    if (spares_.size() >= bound_) {
        (void)folder_.files.remove(spare.path);  // else it is adopted, or removed, at the next start
        return;
    }
    spares_.push_back(std::move(spare));
}

}  // namespace sluice
