#include "destinations/webhook/config.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "auth/strike_out.hpp"
#include "base/encoding.hpp"
#include "event/metadata.hpp"

namespace sluice::webhook {
namespace {

/// The values of the headers and of the URL's query, and the key in the form in which it was given.
std::vector<Secret> unquotable_of(const WebhookTarget& target) {
    std::vector<Secret> found;
    for (const auto& [name, value] : target.headers) {
        auto parts = auth::quotable_parts(value);
        std::move(parts.begin(), parts.end(), std::back_inserter(found));
    }
    auto query = std::string_view(target.target);
    query.remove_prefix(std::min(query.find('?'), query.size()));
    while (!query.empty()) {
        query.remove_prefix(1);
        auto parameter = query.substr(0, query.find('&'));
        query.remove_prefix(parameter.size());
        // One without a name is a value as a whole.
        if (auto equals = parameter.find('='); equals != std::string_view::npos) parameter.remove_prefix(equals + 1);
        found.emplace_back(percent_decode(parameter).value_or(std::string(parameter)));
    }
    found.push_back(target.signing_key);
    found.emplace_back(base64_encode(target.signing_key.reveal()));
    return found;
}

}  // namespace

Result<WebhookConfig> parse_config(const boost::json::object& settings, const DestinationContext& context) {
    SettingsReader reader(settings, "destination");
    reader.allow({"type"});
    WebhookConfig config{read_webhook_target(reader, context, EventMetadata::kNames), context.content_type};
    if (auto done = reader.finish(); !done) return done.error();
    config.unquotable = unquotable_of(config);
    return config;
}

}  // namespace sluice::webhook
