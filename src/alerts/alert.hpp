#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "destination/webhook_target.hpp"

namespace sluice {

/// Every type of message that an alert may ask for. Stable: a message that changed its meaning would get another name.
std::span<const std::string_view> alert_types() noexcept;

/// Who is told of which integrations. Plain value; the webhook's secret is in it: never print it.
struct Alert {
    std::string id;
    std::string org;                 ///< the owner
    std::vector<std::string> orgs;   ///< whose integrations it hears of: the owner's own, or patterns the operator gave
    std::vector<std::string> types;  ///< empty: all
    WebhookTarget target;

    bool wants(std::string_view of_org, std::string_view type) const;
};

/// Whose alert it is and how to speak of it.
struct AlertOrigin {
    std::string path;  ///< where the object stands, for messages: `alerts[2]`; empty for an API body
    std::string default_org = "default";
    bool all_orgs = false;  ///< one that names neither `org` nor `orgs` hears of all: the configuration file's
    bool operator_owned = true;
    bool allow_loopback = true;
};

/// Validates an alert's settings: `id`, `org`, `orgs`, `types`, and what a webhook takes. Errors as
/// parse_integration()'s. Pure.
Result<Alert> parse_alert(const boost::json::object& settings, const AlertOrigin& origin);

}  // namespace sluice
