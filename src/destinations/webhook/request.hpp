#pragma once

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/webhook/config.hpp"
#include "http/client.hpp"

namespace sluice::webhook {

/// The request for one event, signed. `webhook-id` is the same for every attempt, and a replay's is its own.
/// Pure.
http::ClientRequest build_request(const WebhookConfig& config, std::string_view integration_id, const Message& message,
                                  Timestamp now);

/// The headers of that request, for Destination::beside(). Values that may be secret are told as such: what the
/// integration's own settings give, and the signature.
SentBeside headers_beside(const WebhookConfig& config, std::string_view integration_id, const Message& message,
                          Timestamp now);

}  // namespace sluice::webhook
