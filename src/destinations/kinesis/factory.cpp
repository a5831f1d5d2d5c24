#include "destinations/kinesis/factory.hpp"

#include <memory>
#include <utility>

#include "auth/aws_credential_settings.hpp"
#include "auth/aws_credential_sources.hpp"
#include "auth/aws_environment.hpp"
#include "destinations/kinesis/destination.hpp"
#include "destinations/kinesis/recognition.hpp"

namespace sluice {
namespace {

const auth::AwsEnvironment& environment() {
    return auth::SystemAwsEnvironment::instance();
}

Result<void> check(const boost::json::object& settings, const DestinationContext& context) {
    auto config = kinesis::parse_config(settings, context, environment());
    if (!config) return config.error();
    return {};
}

Result<std::unique_ptr<Destination>> make(const boost::json::object& settings, const DestinationContext& context) {
    auto config = kinesis::parse_config(settings, context, environment());
    if (!config) return config.error();
    ConnectOptions to_sts = auth::sts_connect_options(config->connect);
    auth::AwsCredentialContext credential_context{
        context.io,       context.clock, environment(), config->region, "sluice-" + context.integration_id,
        std::move(to_sts)};
    auto credentials = auth::make_aws_credentials(config->credentials, credential_context);
    std::unique_ptr<Destination> made = std::make_unique<kinesis::KinesisDestination>(
        context.io, context.clock, std::move(*config), std::move(credentials), context.max_connections, context.keyed);
    return made;
}

}  // namespace

DestinationKind kinesis_kind() {
    return {"kinesis", check, make, auth::kAwsCredentialSecretPaths, kinesis::recognise, kinesis::describe};
}

}  // namespace sluice
