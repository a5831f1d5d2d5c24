#include "destinations/file/path_turns.hpp"

namespace sluice::file_destination {
namespace {

/// An integration waits for one file at a time.
constexpr std::size_t kMaxWaiting = 10'000;

}  // namespace

std::shared_ptr<SharedTurn> PathTurns::of(const std::string& path) {
    std::lock_guard lock(mutex_);
    if (turns_.size() >= sweep_at_) {
        std::erase_if(turns_, [](const auto& entry) { return entry.second.expired(); });
        sweep_at_ = 64 + 2 * turns_.size();
    }
    auto& entry = turns_[path];
    auto turn = entry.lock();
    if (!turn) entry = turn = std::make_shared<SharedTurn>(1, kMaxWaiting);
    return turn;
}

}  // namespace sluice::file_destination
