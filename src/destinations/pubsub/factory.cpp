#include "destinations/pubsub/factory.hpp"

#include <array>
#include <memory>
#include <utility>

#include "auth/aws_environment.hpp"
#include "auth/google_credentials.hpp"
#include "destinations/pubsub/config.hpp"
#include "destinations/pubsub/destination.hpp"
#include "destinations/pubsub/recognition.hpp"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 1> kSecretPaths = {"credentials"};
/// What self-signed tokens are for: the service, whatever regional host is asked.
constexpr std::string_view kAudience = "https://pubsub.googleapis.com/";

Result<void> check(const boost::json::object& settings, const DestinationContext& context) {
    auto config = pubsub::parse_config(settings, context);
    if (!config) return config.error();
    return {};
}

std::unique_ptr<auth::GoogleTokenProvider> make_tokens(const pubsub::Config& config,
                                                       const DestinationContext& context) {
    if (!config.credentials) return nullptr;
    // A token endpoint is reached as the service is, but always verified: `insecure` is for the endpoint on loopback.
    ConnectOptions connect = config.connect;
    connect.tls.insecure = false;
    const auto& environment = auth::SystemAwsEnvironment::instance();
    return auth::make_google_credentials(*config.credentials,
                                         {context.io, context.clock, std::string(kAudience), std::move(connect),
                                          environment.variable("GCE_METADATA_HOST").value_or("")});
}

Result<std::unique_ptr<Destination>> make(const boost::json::object& settings, const DestinationContext& context) {
    auto config = pubsub::parse_config(settings, context);
    if (!config) return config.error();
    auto tokens = make_tokens(*config, context);
    pubsub::PubSubDestination::Options options;
    options.max_concurrent = context.max_connections;
    options.org = context.org;
    std::unique_ptr<Destination> made =
        std::make_unique<pubsub::PubSubDestination>(context.io, std::move(*config), std::move(tokens), options);
    return made;
}

}  // namespace

DestinationKind pubsub_kind() {
    return {"pubsub", check, make, kSecretPaths, pubsub::recognise, pubsub::describe};
}

}  // namespace sluice
