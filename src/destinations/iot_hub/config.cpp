#include "destinations/iot_hub/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ids.hpp"
#include "destination/settings_reader.hpp"
#include "destinations/iot_hub/request.hpp"

namespace sluice::iot_hub {
namespace {

constexpr std::size_t kMaxDevices = 10'000;
constexpr std::size_t kMaxProperties = 40;
constexpr std::uint16_t kMqttPort = 8883;

/// Adds the device that a member's text names. False when there was something wrong, which is left with the reader.
bool add_device(SettingsReader& settings, std::string_view member, std::string_view text, Config& config,
                const DestinationContext& context) {
    auto device = parse_device_string(text);
    if (!device) {
        settings.fail(member, device.error().message, device.error().hint);
        return false;
    }
    if (auto allowed = check_endpoint({true, device->connect_host(), kMqttPort}, context); !allowed) {
        settings.fail(member, "names a host that " + allowed.error().message, allowed.error().hint);
        return false;
    }
    config.devices.push_back(std::move(*device));
    return true;
}

void read_devices(SettingsReader& settings, Config& config, const DestinationContext& context) {
    settings.object("devices", [&](SettingsReader& devices) {
        const auto* given = settings.value("devices");
        if (!given->is_object()) return;
        if (given->get_object().size() > kMaxDevices)
            return settings.fail("devices", fmt::format("has more than {} devices", kMaxDevices));
        for (const auto& member : given->get_object()) {
            std::string_view pattern(member.key().data(), member.key().size());
            auto text = devices.text(pattern);
            if (!is_valid_pattern(pattern)) {
                devices.fail(pattern, "is not a pattern of recTypes",
                             "Parts joined by dots, where * stands for one part and ** for any number of parts.");
            }
            // Every member is asked for, also behind a wrong one: what nobody asks for is told as unknown.
            if (text && devices.ok() && add_device(devices, pattern, *text, config, context))
                config.routes.push_back({std::string(pattern), config.devices.size() - 1});
        }
    });
    if (auto text = settings.text("connection_string")) {
        if (!add_device(settings, "connection_string", *text, config, context)) return;
        config.routes.push_back({"**", config.devices.size() - 1});
    }
    if (config.devices.empty() && settings.ok()) {
        settings.fail("connection_string", "is missing",
                      "Copy it in the Azure portal: your IoT hub, Devices, the device, Primary connection string.");
    }
}

/// Two connections of one device end each other, so a device stands here once.
void refuse_twins(SettingsReader& settings, const Config& config) {
    std::set<std::string> seen;
    for (const auto& device : config.devices) {
        if (seen.insert(device.resource()).second) continue;
        settings.fail(config.routes.size() > 1 ? "devices" : "connection_string",
                      fmt::format("names the device {} twice", device.name()),
                      "Give each pattern a device of its own, or join the patterns: a hub lets a device be connected "
                      "only once.");
        return;
    }
}

void name_devices(Config& config) {
    std::set<std::string> hosts;
    for (const auto& device : config.devices) hosts.insert(device.host);
    for (const auto& device : config.devices)
        config.device_names.push_back(hosts.size() > 1 ? device.host + "/" + device.name() : device.name());
}

void read_transport(SettingsReader& settings, Config& config) {
    config.transport =
        settings.choice("transport", Transport::mqtt, {{"mqtt", Transport::mqtt}, {"https", Transport::https}});
    for (const auto& device : config.devices) {
        if (config.transport == Transport::https && !device.module.empty()) {
            settings.fail("transport",
                          fmt::format("is https, but {} is a module, and modules speak MQTT", device.name()),
                          "Use transport: mqtt.");
        }
        // In a topic these are wildcards, and a device's id is not encoded there.
        if (config.transport == Transport::mqtt && device.name().find_first_of("+#") != std::string::npos) {
            settings.fail("transport",
                          fmt::format("is mqtt, but the id of {} contains + or #, which a topic cannot", device.name()),
                          "Use transport: https, or a device with another id.");
        }
    }
}

void read_properties(SettingsReader& settings, Config& config) {
    settings.object("properties", [&](SettingsReader& properties) {
        const auto* given = settings.value("properties");
        if (!given->is_object()) return;
        for (const auto& member : given->get_object()) {
            std::string_view name(member.key().data(), member.key().size());
            auto text = properties.text_template(name);
            if (!is_property_name(name)) {
                properties.fail(name, "is not a name for a property",
                                "Letters, digits and !#%&'*+-.^_`|~ are allowed, 1 to 128 of them.");
            } else if (is_own_property(name)) {
                properties.fail(name, "is a property that every message has already", "Choose another name.");
            }
            if (text) config.properties.emplace_back(name, std::move(*text));
        }
        if (config.properties.size() > kMaxProperties)
            settings.fail("properties", fmt::format("has more than {} properties", kMaxProperties));
    });
}

}  // namespace

Endpoint Config::endpoint_of(const Device& device) const {
    if (endpoint) return *endpoint;
    return {true, device.connect_host(), transport == Transport::https ? std::uint16_t{443} : kMqttPort};
}

std::optional<std::size_t> Config::device_for(std::string_view rec_type) const {
    for (const auto& route : routes) {
        if (matches_pattern(route.pattern, rec_type)) return route.device;
    }
    return std::nullopt;
}

Result<Config> parse_config(const boost::json::object& object, const DestinationContext& context) {
    SettingsReader settings(object, "destination");
    settings.allow({"type"});
    Config config;
    config.content_type = context.content_type;
    if (!context.integration_id.empty()) config.integration = context.org + "/" + context.integration_id;
    read_devices(settings, config, context);
    refuse_twins(settings, config);
    name_devices(config);
    read_transport(settings, config);
    read_properties(settings, config);
    if (config.transport == Transport::https)
        for (const auto& [name, text] : config.properties)
            if (text.is_literal() && !fits_header(text.source()))
                settings.fail("properties." + name, "has characters that an HTTPS header cannot carry",
                              "Use ASCII, or transport: mqtt, which carries any text.");
    config.token_lifetime = std::chrono::duration_cast<std::chrono::seconds>(
        settings.duration("token_lifetime", std::chrono::hours(1), std::chrono::seconds(5), std::chrono::hours(24)));
    std::optional<Endpoint> usual;
    if (!config.devices.empty()) usual = config.endpoint_of(config.devices.front());
    auto connection = read_connection_settings(settings, context, usual);
    config.endpoint = connection.endpoint;
    config.connect = connection.connect;
    if (auto finished = settings.finish(); !finished) return finished.error();
    return config;
}

}  // namespace sluice::iot_hub
