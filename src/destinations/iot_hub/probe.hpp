#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/iot_hub/config.hpp"

namespace sluice::iot_hub {

/// How many devices a test call tries: each costs a connection, and it has to end.
constexpr std::size_t kMaxProbedDevices = 20;

/// What was found out about one of them.
struct DeviceFinding {
    std::size_t device = 0;
    std::optional<Failure> failure;
    bool was_connected = false;  ///< by this integration
};

/// The first ones, in the order of the settings.
std::vector<std::size_t> devices_to_probe(const Config& config);

// What the *test* call tells after the connection: `credentials`, `target`, `right to write`, each once, in this order.
// Pure.

/// The connection failed: nothing could be looked at.
void add_skipped(ProbeReport& report);
/// `now` is the hub's time, and `offset` what this machine's clock had to be corrected by.
void add_findings(ProbeReport& report, const Config& config, const std::vector<DeviceFinding>& findings, Timestamp now,
                  std::chrono::milliseconds offset);

}  // namespace sluice::iot_hub
