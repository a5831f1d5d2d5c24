#include "destinations/webhook/recognition.hpp"

#include <utility>

#include "destination/settings_reader.hpp"
#include "destination/webhook_target.hpp"

namespace sluice::webhook {

std::optional<Recognised> recognise(std::string_view text) {
    auto url = parse_webhook_url(text);
    if (!url || (!url->endpoint.tls && !is_loopback_host(url->endpoint.host))) return std::nullopt;
    return Recognised{"the address of a webhook", "url", {}, true};
}

std::vector<SettingsFact> describe(const boost::json::object& settings) {
    SettingsReader reader(settings, "destination");
    std::vector<SettingsFact> facts;
    if (auto text = reader.text("url")) {
        if (auto url = parse_webhook_url(*text)) {
            facts.push_back({"address", std::move(url->shown)});
            facts.push_back({"signed", reader.has("secret") ? "yes, as Standard Webhooks does" : "no"});
        }
    }
    for (const auto& [name, value] : reader.text_map("headers")) facts.push_back({"header", name});
    if (auto endpoint = reader.text("endpoint")) facts.push_back({"host", std::move(*endpoint)});
    return facts;
}

}  // namespace sluice::webhook
