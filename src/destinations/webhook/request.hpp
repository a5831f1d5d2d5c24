#pragma once

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/webhook/config.hpp"
#include "http/client.hpp"

namespace sluice::webhook {

/// The request for one event, signed. `webhook-id` is the same for every attempt. Pure.
http::ClientRequest build_request(const WebhookConfig& config, std::string_view integration_id, const Message& message,
                                  Timestamp now);

}  // namespace sluice::webhook
