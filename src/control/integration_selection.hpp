#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "delivery/status.hpp"

namespace sluice {

inline constexpr std::array<IntegrationState, 5> kIntegrationStates{
    IntegrationState::running, IntegrationState::paused, IntegrationState::throttled, IntegrationState::failing,
    IntegrationState::blocked};

/// Which integrations a list shows, in which order, and from where on. Pure.
struct IntegrationSelection {
    enum class Order { id, lag, state, last_error };

    std::string org;                       ///< empty: any
    std::string destination_type;          ///< empty: any
    std::vector<IntegrationState> states;  ///< empty: any
    std::string text;                      ///< lower case; stands in id, org, target or last error; empty: any
    Order order = Order::id;
    bool descending = false;
    /// Where the page before ended: its last one's place in the order. Integrations that come, go or move while
    /// somebody pages disturb no others: a page begins behind a place, not behind a count.
    struct Place {
        std::int64_t key = 0;
        std::string id;
    };
    std::optional<Place> after;
    std::size_t limit = 100;

    /// `ID`, or `KEY:ID` where the order is not by id. Errc::invalid_argument when it is not one of this order.
    Result<void> begin_after(std::string_view place_text);
    std::string to_text(const Place& place) const;
    Place place_of(const IntegrationStatus& status) const;

    /// `searched`: the lower-case text of its settings. The state is not looked at.
    bool wants(const IntegrationStatus& status, std::string_view searched) const;
    bool wants_state(IntegrationState state) const noexcept;
};

/// One page of those that `wants` everything but the state: whose state is wanted, in order.
struct IntegrationChoice {
    std::vector<const IntegrationStatus*> items;
    std::optional<IntegrationSelection::Place> next;
    std::array<std::size_t, kIntegrationStates.size()> states{};  ///< of all given, as in kIntegrationStates
    std::size_t total = 0;                                        ///< whose state is wanted, on all pages
};
IntegrationChoice choose(std::vector<const IntegrationStatus*> given, const IntegrationSelection& selection);

/// ASCII letters in lower case; everything else as it is.
std::string lower_case(std::string_view text);

}  // namespace sluice
