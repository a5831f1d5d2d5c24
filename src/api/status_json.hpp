#pragma once

#include <boost/json/object.hpp>

#include "control/integration_directory.hpp"
#include "delivery/status.hpp"
#include "destination/destination.hpp"
#include "store/cursor_store.hpp"

namespace sluice::api {

/// The JSON forms of product.md, member for member. Pure.
boost::json::object to_json(const IntegrationStats& stats);
/// RFC 3339, or null.
boost::json::value time_or_null(const std::optional<Timestamp>& time);
/// Seconds and rates, to the thousandth.
double thousandths(double value) noexcept;
boost::json::object to_json(const ReplayStatus& replay);
boost::json::object to_json(const DeadLetterOutcome& outcome);
boost::json::object to_json(const IntegrationDirectory::Reloaded& reloaded);
/// What became of a sample: `{"accepted":…,"error":…}`.
boost::json::object sample_json(const std::optional<DeliveryError>& error);
/// Settings (redacted), then `source`, `state`, `reason`, `stats`, and `replay` when there was one.
boost::json::object to_json(const IntegrationDirectory::Item& item);
boost::json::object to_json(const ProbeReport& report);
/// A letter with its reason and the event's identity, not its payload.
boost::json::object dead_letter_json(const DeadLetter& letter);
/// `{"items":[…],"next":…}`; each with its sequence, reason and the event's identity, not its payload.
boost::json::object to_json(const DeadLetterPage& page);

}  // namespace sluice::api
