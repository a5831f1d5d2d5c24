#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "destination/registry.hpp"
#include "destination/webhook_target.hpp"

namespace sluice::webhook {

/// `destination: {type: webhook, url: …}`, validated. Plain value.
struct WebhookConfig : WebhookTarget {
    std::string content_type;             ///< of the bodies, as the payload form has it
    std::vector<Secret> unquotable = {};  ///< what of a request a receiver's words may not tell
};

/// Pure.
Result<WebhookConfig> parse_config(const boost::json::object& settings, const DestinationContext& context);

}  // namespace sluice::webhook
