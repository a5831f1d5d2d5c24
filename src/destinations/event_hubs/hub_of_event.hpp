#pragma once

#include <string>

#include "destinations/event_hubs/config.hpp"
#include "event/event.hpp"

namespace sluice::event_hubs {

/// The target of an event: `hub`, else the connection string's EntityPath, else the recType.
inline Result<void> hub_of(const Config& config, const Event& event, std::string& out) {
    if (config.hub) return config.hub->evaluate_to(event, out);
    out += config.credentials.entity_path.empty() ? event->rec_type : std::string_view(config.credentials.entity_path);
    return {};
}

}  // namespace sluice::event_hubs
