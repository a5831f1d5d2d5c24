#pragma once

#include <cstdint>
#include <string>

#include "delivery/status.hpp"

namespace sluice {

/// What of an integration may be worth telling somebody: gathered every second for thousands of them, so nothing here
/// needs the log or the store.
struct IntegrationCondition {
    std::string id;
    IntegrationState state = IntegrationState::running;
    bool paused_by_dead_letter = false;  ///< while `paused`: by `on_dead_letter: pause`, not by a person
    double backlog = 0;                  ///< what it holds back of the log, as a share of `hard_limit`
    double dead_letters = 0;             ///< their number or bytes, as a share of the bound that is nearer
    std::uint64_t lost = 0;              ///< events, since it was last started

    /// Shares below this are nobody's concern. Somewhat below the first level that is told (transition_filter.hpp).
    static constexpr double kSmallShare = 0.4;
    bool is_quiet() const noexcept {
        return state == IntegrationState::running && backlog < kSmallShare && dead_letters < kSmallShare && lost == 0;
    }
};

}  // namespace sluice
