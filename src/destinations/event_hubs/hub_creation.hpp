#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "destination/destination.hpp"

namespace sluice::event_hubs {

/// Why a hub was not created, as far as it matters to whoever has to put it right.
enum class Refusal {
    none_asked,  ///< `create_hubs: false`
    no_right,    ///< the policy has no Manage
    no_room,     ///< the namespace has as many as it may, or its tier does not allow so many partitions
};

/// A missing target, in the words that an integrator reads: names the hub and what it takes. `told` is the service's
/// own reason. Pure.
Failure hub_missing(Refusal why, std::string_view code, std::string_view told, std::string_view hub);

/// When a hub may be created again after that was refused: 30 s later, then twice as long each time, up to 10 min.
/// Thread: its owner's.
class CreationPause {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kFirst{30};
    static constexpr std::chrono::seconds kLongest{600};

    /// The refusal that still counts; nullptr when it may be tried.
    std::shared_ptr<const Failure> refusal(Time now) const { return now < not_before_ ? refusal_ : nullptr; }
    void refused(std::shared_ptr<const Failure> why, Time now);
    void cleared();

  private:
    std::shared_ptr<const Failure> refusal_;
    Time not_before_{};
    std::chrono::seconds pause_{0};
};

}  // namespace sluice::event_hubs
