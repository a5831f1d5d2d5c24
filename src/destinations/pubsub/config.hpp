#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "auth/google_credentials.hpp"
#include "base/result.hpp"
#include "destination/connection_settings.hpp"
#include "destination/registry.hpp"
#include "event/text_template.hpp"

namespace sluice::pubsub {

/// The settings of a Pub/Sub destination, validated (product.md, "An integration"). Plain value.
struct Config {
    std::string project;
    TextTemplate topic = TextTemplate::literal({});  ///< of a topic's id
    bool create_topics = true;
    std::size_t max_targets = 1000;
    bool ordering_keys = true;
    bool compress = false;                                      ///< gzip per call
    std::optional<auth::GoogleCredentialSettings> credentials;  ///< nothing before an emulator
    std::string content_type;                                   ///< as an attribute; empty: none
    Endpoint endpoint;
    ConnectOptions connect;

    /// Where the topics are, and what names them: with another, those that were used before count no more.
    std::string place() const { return project + " " + topic.source(); }
};

/// Reads and checks everything but what only the service can tell. The error names the member and contains nothing of
/// the credentials. Reads the file that `credentials_file` names.
Result<Config> parse_config(const boost::json::object& settings, const DestinationContext& context);

}  // namespace sluice::pubsub
