#pragma once

#include "destination/destination.hpp"
#include "destinations/event_hubs/config.hpp"
#include "destinations/event_hubs/https_response.hpp"

namespace sluice::event_hubs {

// What the *test* call tells after the connection: `credentials`, `target`, `right to write`, each once, in this order.
// One of these is added to the report of probe_connection(). Pure.

/// The connection failed: nothing could be looked at.
void add_skipped(ProbeReport& report);
/// There was nothing to authenticate with.
void add_no_credentials(ProbeReport& report, const Failure& failure);
/// The hub was asked after, or, where events choose it, the namespace alone: `failure` is nullptr when it was found.
void add_outcome(ProbeReport& report, int partitions, const Failure* failure, const Config& config);
/// The same over HTTPS, where only a policy with Manage may look.
void add_look(ProbeReport& report, const HubLook& look, const Config& config);

}  // namespace sluice::event_hubs
