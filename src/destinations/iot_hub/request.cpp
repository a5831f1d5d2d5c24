#include "destinations/iot_hub/request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "event/metadata.hpp"

namespace sluice::iot_hub {
namespace {

constexpr std::string_view kClientType = "Sluice";
constexpr std::string_view kHeaderPrefix = "iothub-app-";
/// What of a topic, 65,535 bytes, is left for properties beside the device's name; and what web servers take in
/// headers.
constexpr std::size_t kMaxTopicBytes = 60'000;
constexpr std::size_t kMaxHeaderBytes = 12 << 10;

void append_property(std::string& out, std::string_view name, std::string_view value) {
    if (!out.ends_with('/')) out += '&';
    out += percent_encode(name);
    out += '=';
    out += percent_encode(value);
}

std::string topic_start(const Device& device) {
    std::string topic = "devices/" + device.id;
    if (!device.module.empty()) topic += "/modules/" + device.module;
    return topic + "/messages/events/";
}

Error unfit_for_header(std::string_view name) {
    return make_error(Errc::invalid_argument,
                      fmt::format("the property {} has characters that an HTTPS header cannot carry", name),
                      "use transport: mqtt, which carries any text");
}

/// Gives every application property, with its value, to `take`, which may fail.
template <class Take>
Result<void> for_each_property(const Config& config, const Event& event, Take take) {
    const EventMetadata metadata(event);
    for (const auto& field : metadata.fields()) {
        // Not why an event would be given up: its body has it all the same.
        if (config.transport == Transport::https && !fits_header(field.value)) continue;
        if (auto taken = take(field.name, field.value); !taken) return taken;
    }
    std::string value;
    for (const auto& [name, text] : config.properties) {
        value.clear();
        if (auto evaluated = text.evaluate_to(event, value); !evaluated) {
            auto error = evaluated.error();
            error.message = fmt::format("properties.{}: {}", name, error.message);
            return error;
        }
        if (auto taken = take(name, value); !taken) return taken;
    }
    return {};
}

}  // namespace

bool is_property_name(std::string_view name) noexcept {
    constexpr std::string_view kSpecial = "!#%&'*+-.^_`|~";
    return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               kSpecial.find(c) != std::string_view::npos;
    });
}

bool fits_header(std::string_view value) noexcept {
    bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    // White space at the ends does not survive.
    return printable && !value.starts_with(' ') && !value.ends_with(' ');
}

bool is_own_property(std::string_view name) noexcept {
    constexpr auto& kOwn = EventMetadata::kNames;
    return std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
}

std::string telemetry_topic(const Device& device, std::span<const Property> properties) {
    auto topic = topic_start(device);
    for (const auto& [name, value] : properties) append_property(topic, name, value);
    return topic;
}

std::string username(const Device& device, std::string_view api_version, std::string_view client_type) {
    auto name = fmt::format("{}/{}/?api-version={}", device.host, device.name(), api_version);
    if (!client_type.empty()) name += "&DeviceClientType=" + percent_encode(client_type);
    return name;
}

mqtt::Connect connect_packet(const Device& device, const Secret& token, std::uint16_t keep_alive_seconds) {
    mqtt::Connect connect;
    connect.client_id = device.name();
    // Nothing is subscribed to, so there is no session to come back to, and none is left behind.
    connect.clean_session = true;
    connect.keep_alive_seconds = keep_alive_seconds;
    connect.username = username(device, kMqttApiVersion, kClientType);
    connect.password = token;
    return connect;
}

Result<std::string> message_topic(const Config& config, const Device& device, const Event& event) {
    auto topic = topic_start(device);
    append_property(topic, "$.mid", std::to_string(event.sequence()));
    append_property(topic, "$.ct", config.content_type);
    append_property(topic, "$.ce", "utf-8");
    auto added = for_each_property(config, event, [&](std::string_view name, std::string_view value) -> Result<void> {
        append_property(topic, name, value);
        return {};
    });
    if (!added) return added.error();
    return topic;
}

Result<http::ClientRequest> message_request(const Config& config, const Device& device, const Message& message,
                                            const Secret& token) {
    http::ClientRequest request;
    request.method = "POST";
    request.target =
        fmt::format("/devices/{}/messages/events?api-version={}", percent_encode(device.id), kHttpsApiVersion);
    request.headers.add("Authorization", token.reveal());
    request.headers.add("Content-Type", config.content_type);
    request.headers.add("iothub-to", fmt::format("/devices/{}/messages/events", percent_encode(device.id)));
    request.headers.add("iothub-messageid", std::to_string(message.event.sequence()));
    request.headers.add("iothub-contenttype", config.content_type);
    request.headers.add("iothub-contentencoding", "utf-8");
    auto added =
        for_each_property(config, message.event, [&](std::string_view name, std::string_view value) -> Result<void> {
            if (!fits_header(value)) return unfit_for_header(name);
            request.headers.add(std::string(kHeaderPrefix) + std::string(name), std::string(value));
            return {};
        });
    if (!added) return added.error();
    request.body.push_back(message.body);
    request.max_response_bytes = 64 << 10;
    request.truncate_response = true;  // a proxy's page, whose status still says what is wrong
    return request;
}

Result<SentBeside> application_properties(const Config& config, const Event& event) {
    SentBeside sent;
    auto added = for_each_property(config, event, [&](std::string_view name, std::string_view value) -> Result<void> {
        sent.metadata.push_back({std::string(name), std::string(value)});
        return {};
    });
    if (!added) return added.error();
    sent.addressing.push_back({"message id", std::to_string(event.sequence())});
    sent.addressing.push_back({"content type", config.content_type});
    sent.addressing.push_back({"content encoding", "utf-8"});
    return sent;
}

Result<void> check_properties(const Config& config, const Event& event) {
    bool header = config.transport == Transport::https;
    std::size_t bytes = 0;
    return for_each_property(config, event, [&](std::string_view name, std::string_view value) -> Result<void> {
        if (header && !fits_header(value)) return unfit_for_header(name);
        bytes += percent_encode(name).size() + percent_encode(value).size() + 2;
        if (bytes > (header ? kMaxHeaderBytes : kMaxTopicBytes)) {
            return make_error(Errc::too_large, fmt::format("the properties up to {} are too large together", name),
                              "leave the longest ones out of properties");
        }
        return {};
    });
}

std::size_t message_bytes(const Config& config, const Message& message) {
    // `$.mid`, `$.ct` and `$.ce` are counted by their names as the topic has them; the hub's own count is smaller.
    std::size_t bytes = message.body.size() + config.content_type.size() + 20 + 40;
    (void)for_each_property(config, message.event, [&](std::string_view name, std::string_view value) -> Result<void> {
        bytes += percent_encode(name).size() + percent_encode(value).size() + 2;
        return {};
    });
    return bytes;
}

}  // namespace sluice::iot_hub
