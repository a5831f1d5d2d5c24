#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "destinations/iot_hub/config.hpp"

namespace sluice::iot_hub {

// What both transports say of events before anything is sent. Pure.

/// The device of an event, appended to `out`. An error means that it can never be sent: no device takes its recType, or
/// a property has no value.
Result<void> append_target(const Config& config, const Event& event, std::string& out);

/// For a message that append_target() let through and that cannot be sent all the same.
std::shared_ptr<const Failure> unsendable_message(const Error& error, std::string_view target);
std::shared_ptr<const Failure> unknown_target(std::string_view target);
/// The deadline had passed before anything was done.
Verdict too_late(std::string_view target);

}  // namespace sluice::iot_hub
