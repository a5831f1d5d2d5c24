#include "destinations/webhook/config.hpp"

#include "event/metadata.hpp"

namespace sluice::webhook {

Result<WebhookConfig> parse_config(const boost::json::object& settings, const DestinationContext& context) {
    SettingsReader reader(settings, "destination");
    reader.allow({"type"});
    WebhookConfig config{read_webhook_target(reader, context, EventMetadata::kNames), context.content_type};
    if (auto done = reader.finish(); !done) return done.error();
    return config;
}

}  // namespace sluice::webhook
