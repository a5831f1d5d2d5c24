#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "destination/connection_settings.hpp"
#include "destination/registry.hpp"

namespace sluice::webhook {

/// `destination: {type: webhook, url: …}`, validated. Plain value.
struct WebhookConfig {
    Endpoint endpoint;        ///< of `url`, or `endpoint` instead
    std::string host_header;  ///< of `url`
    std::string target;       ///< path and query of `url`
    std::string url;          ///< for people: without the query, which may hold a key
    Secret signing_key;       ///< raw bytes; empty: not signed
    std::vector<std::pair<std::string, std::string>> headers;
    std::string content_type;  ///< of the bodies, as the payload form has it
    ConnectOptions connect;
};

/// Pure. The URL must be https unless it is loopback; a query is allowed, a user or a fragment is not.
Result<WebhookConfig> parse_config(const boost::json::object& settings, const DestinationContext& context);

}  // namespace sluice::webhook
