#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "log/log_folder.hpp"

namespace sluice {

/// Holds the log to the operator's floor of free disk space. Thread: the log's writer.
class FreeDisk {
  public:
    FreeDisk(LogFolder folder, const Clock& clock, std::uint64_t floor)
        : folder_(std::move(folder)), clock_(clock), floor_(floor) {}

    /// Errc::exhausted below the floor. Asks the file system a few times a second at most.
    Result<void> check();
    /// Errc::exhausted when allocating `bytes` more would go below the floor. Always asks.
    Result<void> check_for(std::uint64_t bytes);
    /// "disk full: …", for an allocation of `bytes` that the file system refused.
    Error full(std::uint64_t bytes);

  private:
    Result<std::uint64_t> ask();
    Error below_floor(std::uint64_t needed, std::uint64_t free) const;

    const LogFolder folder_;
    const Clock& clock_;
    const std::uint64_t floor_;
    bool asked_ = false;
    SteadyTime asked_at_{};
    std::uint64_t free_ = 0;
};

}  // namespace sluice
