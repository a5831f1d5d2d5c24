#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "auth/aws_credential_settings.hpp"
#include "auth/aws_environment.hpp"
#include "base/result.hpp"
#include "destination/connection_settings.hpp"
#include "destination/registry.hpp"
#include "destinations/sqs/queue_url.hpp"
#include "event/text_template.hpp"

namespace sluice::sqs {

/// The settings of an SQS destination, validated (product.md, "An integration"). Plain value.
struct Config {
    QueueUrl queue;
    std::string region;  ///< whose signature the requests carry
    auth::AwsCredentialSettings credentials;
    /// Set on a FIFO queue: else the integration's key is the group. On a standard queue a group only marks whose
    /// messages they are (fair queues), and there is none unless this is set.
    std::optional<TextTemplate> message_group_id;
    std::optional<TextTemplate> deduplication_id;  ///< none: `{id}:{sequence}`; FIFO only
    bool verify_md5 = true;
    Endpoint endpoint;
    ConnectOptions connect;
};

/// Reads and checks everything but what only the service can tell. The error names the member.
Result<Config> parse_config(const boost::json::object& settings, const DestinationContext& context,
                            const auth::AwsEnvironment& environment);

}  // namespace sluice::sqs
