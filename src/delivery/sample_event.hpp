#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "delivery/integration_config.hpp"
#include "event/event.hpp"

namespace sluice {

/// A recType that the patterns ask for, with `sample` where they leave it open. `sluice.sample` for none.
std::string sample_rec_type(const std::vector<std::string>& patterns);

/// An event as the Share API would have made it for this integration, marked `"sluice_sample":true` in its data: to
/// look at and to send, never in the log. Its object has every member that the contract names, so that what `redact`
/// removes can be seen. `rec_type` empty: one that the filter asks for.
Event sample_event(const IntegrationConfig& config, std::string_view rec_type, LogPosition position, Timestamp at);

}  // namespace sluice
