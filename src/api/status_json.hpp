#pragma once

#include <boost/json/object.hpp>

#include "control/integration_directory.hpp"
#include "delivery/status.hpp"
#include "destination/destination.hpp"
#include "store/cursor_store.hpp"

namespace sluice::api {

/// The JSON forms of product.md, member for member. Pure.
boost::json::object to_json(const IntegrationStats& stats);
/// Settings (redacted), then `source`, `state`, `reason`, `stats`.
boost::json::object to_json(const IntegrationDirectory::Item& item);
boost::json::object to_json(const ProbeReport& report);
/// `{"items":[…],"next":…}`; each with its sequence, reason and the event's identity, not its payload.
boost::json::object to_json(const DeadLetterPage& page);

}  // namespace sluice::api
