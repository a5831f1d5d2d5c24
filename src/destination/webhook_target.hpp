#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "destination/connection_settings.hpp"
#include "destination/registry.hpp"
#include "destination/settings_reader.hpp"
#include "http/message.hpp"

namespace sluice {

/// A receiver of signed requests (Standard Webhooks): what an integration's webhook and an alert's have in common.
/// Plain value.
struct WebhookTarget {
    Endpoint endpoint;        ///< of `url`, or `endpoint` instead
    std::string host_header;  ///< of `url`
    std::string target;       ///< path and query of `url`
    std::string url;          ///< for people: without the query, which may hold a key
    Secret signing_key;       ///< raw bytes; empty: not signed
    std::vector<std::pair<std::string, std::string>> headers;
    ConnectOptions connect;
};

/// What a `url` says. Plain value.
struct WebhookUrl {
    Endpoint endpoint;
    std::string target;  ///< path and query
    std::string shown;   ///< for people: without the query, which may hold a key
};
/// White space and quotes around it are forgiven. The error's message follows the member's path: `is not a URL: …`.
Result<WebhookUrl> parse_webhook_url(std::string_view text);

/// Reads `url`, `secret`, `headers`, `endpoint`, `proxy` and `tls`; what is wrong is left with the reader. The URL must
/// be https unless it is loopback; a query is allowed, a user or a fragment is not. `own_headers` names what the caller
/// adds to each request: `headers` may not, whatever the case, nor may they name what add_webhook_headers() adds.
WebhookTarget read_webhook_target(SettingsReader& reader, const DestinationContext& context,
                                  std::span<const std::string_view> own_headers = {});

/// `v1,` and the base64 of HMAC-SHA-256 over `{id}.{timestamp}.{body}` (standardwebhooks.com, "webhook-signature").
std::string webhook_signature(const Secret& key, std::string_view id, std::string_view timestamp,
                              std::string_view body);

/// Adds `Host`, `Content-Type`, `webhook-id`, `webhook-timestamp`, and `webhook-signature` when there is a key. `id` is
/// the same for every attempt, `now` the attempt's own.
void add_webhook_headers(http::Headers& headers, const WebhookTarget& target, const std::string& content_type,
                         const std::string& id, std::string_view body, Timestamp now);

}  // namespace sluice
