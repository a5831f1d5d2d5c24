#include "destinations/webhook/factory.hpp"

#include <array>

#include "destinations/webhook/config.hpp"
#include "destinations/webhook/destination.hpp"
#include "destinations/webhook/recognition.hpp"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 2> kSecretPaths{"secret", "headers"};
/// Where workflow services put their key: `?sig=…`.
constexpr std::array<std::string_view, 1> kSecretQueries{"url"};

}  // namespace

DestinationKind webhook_kind() {
    DestinationKind kind;
    kind.type = "webhook";
    kind.check = [](const boost::json::object& settings, const DestinationContext& context) -> Result<void> {
        auto config = webhook::parse_config(settings, context);
        if (!config) return config.error();
        return {};
    };
    kind.make = [](const boost::json::object& settings,
                   const DestinationContext& context) -> Result<std::unique_ptr<Destination>> {
        auto config = webhook::parse_config(settings, context);
        if (!config) return config.error();
        return webhook::make_destination(std::move(*config), context);
    };
    kind.secret_paths = kSecretPaths;
    kind.secret_queries = kSecretQueries;
    kind.recognise = webhook::recognise;
    kind.describe = webhook::describe;
    return kind;
}

}  // namespace sluice
