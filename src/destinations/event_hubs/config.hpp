#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "auth/entra_token.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "destination/connection_settings.hpp"
#include "destination/registry.hpp"
#include "destinations/event_hubs/namespace_credentials.hpp"
#include "event/text_template.hpp"

namespace sluice::event_hubs {

// https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas: an event, and all of a publication, 1 MB on Standard,
// Premium and Dedicated, 256 KB on Basic.
constexpr std::size_t kDefaultMaxMessageBytes = 1'000'000;
/// What self-serve Dedicated clusters take.
constexpr std::size_t kMostMaxMessageBytes = 20'000'000;
/// What several events make together stays within what every tier with a Kafka endpoint takes, whatever one may have:
/// the service refuses a record batch that is too large as a whole, for all whose events are in it.
constexpr std::size_t kMostRecordBatchBytes = kDefaultMaxMessageBytes;
constexpr std::size_t kLeastMaxMessageBytes = 1'000;
constexpr std::size_t kDefaultMaxTargets = 100;
constexpr std::size_t kDefaultPartitions = 4;
constexpr std::size_t kMostPartitions = 1024;

enum class Protocol { kafka, https };

/// The settings of an Event Hubs destination, validated (product.md, "An integration"). Plain value.
struct Config {
    Protocol protocol = Protocol::kafka;
    NamespaceCredentials credentials;          ///< policy, key and text are empty with `entra`
    ConnectOptions to_entra;                   ///< how its authority is connected to
    std::optional<auth::EntraSettings> entra;  ///< instead of a shared access key
    std::optional<TextTemplate> hub;           ///< none: EntityPath, else the recType
    bool create_hubs = true;
    std::size_t partitions = kDefaultPartitions;
    std::size_t max_targets = kDefaultMaxTargets;
    bool gzip = false;
    std::size_t max_message_bytes = kDefaultMaxMessageBytes;
    bool idempotence = false;
    std::string content_type;  ///< of the bodies
    bool keyed = true;         ///< `ordering: key`
    std::string org;           ///< whose producers may be shared
    Endpoint endpoint;
    ConnectOptions connect;
    /// Without for tests against librdkafka's mock cluster, which speaks no SASL.
    bool sasl = true;

    /// The one hub that all events go to; empty when they choose.
    std::string fixed_hub() const;
    /// Where the hubs are, and what names them: with another, those that were written to before count no more.
    std::string place() const;
};

/// Reads and checks everything but what only the service can tell. The error names the member.
Result<Config> parse_config(const boost::json::object& settings, const DestinationContext& context);

}  // namespace sluice::event_hubs
