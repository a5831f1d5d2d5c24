#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_position.hpp"
#include "base/result.hpp"
#include "delivery/settings.hpp"
#include "destination/registry.hpp"
#include "event/filter.hpp"
#include "event/payload.hpp"
#include "event/text_template.hpp"

namespace sluice {

/// Where a new integration begins to read; one that has a cursor goes on from it.
struct StartAt {
    enum class Kind { now, oldest, sequence };
    Kind kind = Kind::now;
    LogPosition position;  ///< with Kind::sequence: the first event wanted
};

/// One integration as its owner set it (product.md, "An integration, as JSON or as YAML"), validated. Plain value.
/// `destination` holds secrets: never print it.
struct IntegrationConfig {
    std::string id;
    std::string org;                  ///< the owner
    bool operator_owned = false;      ///< may use the operator's own resources and name `orgs:` patterns
    bool allow_loopback = true;       ///< whether a tenant's endpoint may be on loopback
    EventFilter filter;               ///< `filter.orgs`: the owner, or the `orgs:` patterns
    boost::json::object destination;  ///< `type` and what that kind takes; checked by its kind
    PayloadForm payload = PayloadForm::envelope;
    std::vector<std::string> redact;
    StartAt start;
    Ordering ordering = Ordering::key;
    std::string key = "{id}";
    BatchSettings batch;
    RateSettings rate;
    RetrySettings retry;
    OnDeadLetter on_dead_letter = OnDeadLetter::proceed;
    /// Why nothing can be delivered with these settings, which were right when they were kept
    /// (parse_kept_integration()): the integration keeps its place in the log and says so, and its events wait.
    std::optional<Error> unusable;

    std::string destination_type() const;
};

/// Whose integration it is and how to speak of it.
struct IntegrationOrigin {
    std::string path;  ///< where the object stands, for messages: `integrations[2]`; empty for an API body
    std::string default_org =
        "default";  ///< the org of an integration that names none; a tenant's integration can have no other
    bool operator_owned = true;
    bool allow_loopback = true;
};

/// Validates an integration's settings. Pure (apart from `…_file`s the operator named, which the destination's kind
/// reads). The error names the member by its path (`integrations[2].filter.recTypes[0]`) and says what to do; an
/// unknown member is an error that suggests the nearest known one. Errc::forbidden for what only the operator may set.
/// Thread: any.
Result<IntegrationConfig> parse_integration(const boost::json::object& settings, const DestinationRegistry& registry,
                                            const IntegrationOrigin& origin);

/// The same for settings that were right when they were kept and may be so no more: a `…_file` that the operator named
/// is gone, or what a node allows has changed. As long as they tell whose the integration is and what it wants, the
/// rest is not an error: what is wrong is `unusable`, so that one integration does not keep the others from starting.
Result<IntegrationConfig> parse_kept_integration(const boost::json::object& settings,
                                                 const DestinationRegistry& registry, const IntegrationOrigin& origin);

/// The filter alone, of settings that need not be complete.
Result<EventFilter> parse_filter(const boost::json::object& settings, const IntegrationOrigin& origin);

/// All that parse_integration() would have to say, one thing for each part of the settings (identity, filter, owner,
/// start, ordering, pace, payload, destination): for whoever mends them all before trying again. Empty when they are
/// right.
std::vector<Error> integration_problems(const boost::json::object& settings, const DestinationRegistry& registry,
                                        const IntegrationOrigin& origin);

}  // namespace sluice
