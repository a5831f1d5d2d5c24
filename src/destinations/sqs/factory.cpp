#include "destinations/sqs/factory.hpp"

#include <array>
#include <memory>
#include <utility>

#include "auth/aws_credential_sources.hpp"
#include "auth/aws_environment.hpp"
#include "destinations/sqs/config.hpp"
#include "destinations/sqs/destination.hpp"
#include "destinations/sqs/recognition.hpp"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 6> kSecretPaths = {
    "credentials.csv",        "credentials.secret_access_key",        "credentials.session_token",
    "credentials.source.csv", "credentials.source.secret_access_key", "credentials.source.session_token"};

Result<sqs::Config> parse(const boost::json::object& settings, const DestinationContext& context) {
    return sqs::parse_config(settings, context, auth::SystemAwsEnvironment::instance());
}

Result<void> check(const boost::json::object& settings, const DestinationContext& context) {
    auto config = parse(settings, context);
    if (!config) return config.error();
    return {};
}

Result<std::unique_ptr<Destination>> make(const boost::json::object& settings, const DestinationContext& context) {
    auto config = parse(settings, context);
    if (!config) return config.error();
    ConnectOptions to_sts = auth::sts_connect_options(config->connect);
    auto credentials = auth::make_aws_credentials(
        config->credentials, {context.io, context.clock, auth::SystemAwsEnvironment::instance(), config->region,
                              "sluice-" + context.integration_id, std::move(to_sts)});
    std::unique_ptr<Destination> made = std::make_unique<sqs::SqsDestination>(
        context.io, context.clock, std::move(*config), std::move(credentials), context.max_connections);
    return made;
}

}  // namespace

DestinationKind sqs_kind() {
    return {"sqs", check, make, kSecretPaths, sqs::recognise, sqs::describe};
}

}  // namespace sluice
