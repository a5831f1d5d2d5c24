#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "destination/target_names.hpp"

namespace sluice::event_hubs {

/// https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas (the portal asks for 50 at most, the service takes
/// more).
constexpr std::size_t kMaxHubName = 256;

/// Letters, digits, `.`, `-`, `_`; a letter or digit first and last; at most 256 characters. The message follows a
/// subject: `is longer than 256 characters`.
Result<void> check_hub_name(std::string_view name);

/// The hubs that one integration writes to: which of the names that its events ask for can be one. Thread: one shard.
class HubNames {
  public:
    /// `place` as TargetNames has it.
    HubNames(std::string place, std::size_t max_targets)
        : max_targets_(max_targets), names_(std::move(place), max_targets, TargetNames::LetterCase::ignored) {}

    /// nullptr when `name` may be written to, now and later; else why it cannot, as a `missing_target` of that target
    /// only: it is no hub's name, differs from an admitted one in case only (Event Hubs sees no difference), or is one
    /// too many.
    std::shared_ptr<const Failure> admit(std::string_view name, bool in_passing);

    TargetNames& names() noexcept { return names_; }

  private:
    std::size_t max_targets_;
    TargetNames names_;
};

}  // namespace sluice::event_hubs
