#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "net/shared_turn.hpp"

namespace sluice::file_destination {

/// One turn a path: the file integrations of this process that write to one file do so in the order they come, instead
/// of racing for its lock. Thread: any.
class PathTurns {
  public:
    std::shared_ptr<SharedTurn> of(const std::string& path);

  private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::weak_ptr<SharedTurn>> turns_;
    std::size_t sweep_at_ = 64;
};

}  // namespace sluice::file_destination
