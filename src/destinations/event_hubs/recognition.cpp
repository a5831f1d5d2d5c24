#include "destinations/event_hubs/recognition.hpp"

#include <utility>

#include "auth/azure_connection_string.hpp"
#include "destination/settings_reader.hpp"
#include "destinations/event_hubs/namespace_credentials.hpp"

namespace sluice::event_hubs {

std::optional<Recognised> recognise(std::string_view text) {
    bool is_storage = auth::names_azure_member(text, "AccountName") || auth::names_azure_member(text, "AccountKey");
    if (!is_storage && !auth::names_azure_member(text, "Endpoint")) return std::nullopt;
    auto parsed = parse_connection_string(text);
    if (!parsed) return Recognised{"a connection string of Azure", {}, parsed.error()};
    return Recognised{parsed->entity_path.empty() ? "the connection string of an Azure Event Hubs namespace"
                                                  : "the connection string of one event hub (Azure Event Hubs)",
                      "connection_string"};
}

std::vector<SettingsFact> describe(const boost::json::object& settings) {
    SettingsReader reader(settings, "destination");
    std::vector<SettingsFact> facts;
    auto add = [&facts](std::string_view name, std::string value) {
        if (!value.empty()) facts.push_back({std::string(name), std::move(value)});
    };
    auto hub = reader.text("hub").value_or("");
    if (auto text = reader.text("connection_string")) {
        if (auto parsed = parse_connection_string(*text)) {
            add("namespace", parsed->host);
            add("policy", parsed->policy);
            if (hub.empty()) hub = parsed->entity_path;
        }
    }
    add("namespace", reader.text("namespace").value_or(""));
    reader.object("credentials", [&](SettingsReader& entra) {
        add("application", entra.text("client_id").value_or(""));
        add("tenant", entra.text("tenant_id").value_or(""));
        entra.allow({"client_secret", "authority"});
    });
    add("event hub", hub.empty() ? "one for each recType" : hub);
    add("host", reader.text("endpoint").value_or(""));
    return facts;
}

}  // namespace sluice::event_hubs
