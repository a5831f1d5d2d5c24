#pragma once

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/webhook/config.hpp"
#include "http/client.hpp"

namespace sluice::webhook {

/// The request for one event, as Standard Webhooks signs it (standardwebhooks.com, "webhook-signature": `v1,` and the
/// base64 of HMAC-SHA-256 over `{webhook-id}.{webhook-timestamp}.{body}`). `webhook-id` is the same for every attempt.
/// Pure.
http::ClientRequest build_request(const WebhookConfig& config, std::string_view integration_id, const Message& message,
                                  Timestamp now);

std::string signature(const Secret& key, std::string_view id, std::string_view timestamp, std::string_view body);

}  // namespace sluice::webhook
