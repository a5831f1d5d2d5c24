#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sluice {

/// So much of something (bytes, places) for all, and at most so much of it for one owner. Nobody waits: who finds no
/// room is told at once. Thread: any. Lifecycle: what was taken may outlive it.
class SharedRoom {
  public:
    SharedRoom(std::size_t in_all, std::size_t of_one_owner);

    /// Taken until the last copy is gone.
    using Hold = std::shared_ptr<void>;
    /// Null when there is no room. `amount` is at least 1.
    Hold take(const std::string& owner, std::size_t amount);

    std::size_t taken() const;

  private:
    struct State;
    const std::size_t of_one_owner_;
    const std::size_t in_all_;
    std::shared_ptr<State> state_;
};

}  // namespace sluice
