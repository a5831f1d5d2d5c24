#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.hpp"
#include "store/object_index.hpp"

namespace sluice {

/// At what pace the kept objects are looked through for those that are past their retention. Each look goes on where
/// the one before stopped, by as many steps as bring it through all of them within a period, whatever their number; how
/// many there are is known from the last time. Pure. Thread: retention's.
class ObjectSweep {
  public:
    explicit ObjectSweep(std::chrono::seconds period) : period_(period) {}

    /// A tenth of what is kept shortest, between ten seconds and an hour.
    static std::chrono::seconds period_of(const ObjectRetention& kept);

    /// How many steps to take at this look.
    std::uint64_t steps_now(SteadyTime now);
    /// A step was taken, and `more` are left of this time through; false when that is over.
    bool goes_on(bool more);

  private:
    const std::chrono::seconds period_;
    bool under_way_ = false;
    SteadyTime begun_{};
    SteadyTime looked_{};
    std::uint64_t taken_ = 0;  ///< since it began
    std::uint64_t whole_ = 0;  ///< steps of the last time through; 0: there was none
};

}  // namespace sluice
