#pragma once

#include <string>
#include <vector>

#include "event/event.hpp"

namespace sluice {

/// Which events an integration asks for. Pure value.
struct EventFilter {
    /// Patterns; an integration of a tenant has exactly its own org. Empty means none: nobody sees every org by
    /// omission.
    std::vector<std::string> orgs;
    std::vector<std::string> rec_types;  ///< patterns; empty means all
    std::uint8_t event_types = 0xff;     ///< bit (1 << EventType)
    std::uint8_t object_types = 0xff;    ///< bit (1 << ObjectType)
    std::vector<std::string> tags;       ///< all of these

    /// Everything but org and recType and tags: cheap, no text compared.
    bool wants_types(EventType event, ObjectType object) const noexcept {
        return (event_types >> static_cast<int>(event) & 1) && (object_types >> static_cast<int>(object) & 1);
    }
    bool wants_stream(std::string_view org, std::string_view rec_type) const;
    bool matches(const EventView& event) const;

    friend bool operator==(const EventFilter&, const EventFilter&) = default;
};

}  // namespace sluice
