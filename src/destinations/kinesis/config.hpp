#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "auth/aws_credential_settings.hpp"
#include "auth/aws_endpoint.hpp"
#include "auth/aws_environment.hpp"
#include "base/result.hpp"
#include "destination/connection_settings.hpp"
#include "destination/registry.hpp"
#include "event/text_template.hpp"

namespace sluice::kinesis {

enum class Aggregation { none, kpl };

/// The settings of a Kinesis destination, validated (product.md, "An integration"). Plain value.
struct Config {
    TextTemplate stream = TextTemplate::literal("");  ///< its name, or a template for it
    std::string stream_arn;  ///< empty unless given: then requests name it, as another account's must
    std::string region;
    auth::AwsCredentialSettings credentials;
    Aggregation aggregation = Aggregation::none;
    std::optional<TextTemplate> partition_key;  ///< none: the integration's key
    Endpoint endpoint;
    ConnectOptions connect;
};

/// Reads and checks everything but what only the service can tell. The error names the member.
Result<Config> parse_config(const boost::json::object& settings, const DestinationContext& context,
                            const auth::AwsEnvironment& environment);

/// The name of the data stream that an ARN names. The error's message follows a member's path.
Result<std::string> stream_of(const auth::AwsArn& arn);

/// `[A-Za-z0-9_.-]{1,128}`
bool is_valid_stream_name(std::string_view name) noexcept;

}  // namespace sluice::kinesis
