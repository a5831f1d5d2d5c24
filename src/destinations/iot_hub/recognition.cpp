#include "destinations/iot_hub/recognition.hpp"

#include <algorithm>
#include <utility>

#include "auth/azure_connection_string.hpp"
#include "destination/settings_reader.hpp"
#include "destinations/iot_hub/device_string.hpp"

namespace sluice::iot_hub {

std::optional<Recognised> recognise(std::string_view text) {
    bool has_device = auth::names_azure_member(text, "DeviceId");
    if (!has_device && !auth::names_azure_member(text, "HostName")) return std::nullopt;
    auto device = parse_device_string(text);
    if (device) return Recognised{"a device's connection string of Azure IoT Hub", "connection_string"};
    return Recognised{has_device ? "a device's connection string of Azure IoT Hub"
                                 : "a connection string of Azure IoT Hub's service side",
                      {},
                      device.error()};
}

std::vector<SettingsFact> describe(const boost::json::object& settings) {
    SettingsReader reader(settings, "destination");
    std::vector<SettingsFact> facts;
    auto add = [&facts](std::string name, std::string_view text) {
        auto device = parse_device_string(text);
        if (!device) return;
        bool is_told =
            std::any_of(facts.begin(), facts.end(), [&](const auto& fact) { return fact.value == device->host; });
        if (!is_told) facts.push_back({"hub", device->host});
        if (!device->gateway.empty()) facts.push_back({"gateway", device->gateway});
        facts.push_back({std::move(name), device->name()});
    };
    if (auto text = reader.text("connection_string")) add("device", *text);
    for (const auto& [pattern, text] : reader.text_map("devices")) add("device for " + pattern, text);
    if (auto endpoint = reader.text("endpoint")) facts.push_back({"host", std::move(*endpoint)});
    return facts;
}

}  // namespace sluice::iot_hub
