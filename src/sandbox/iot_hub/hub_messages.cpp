#include "sandbox/iot_hub/hub_messages.hpp"

#include <array>

#include "http/ascii.hpp"
#include "json/find.hpp"

namespace sluice::sandbox {
namespace {

struct SystemName {
    std::string_view bag;     ///< in an MQTT topic
    std::string_view header;  ///< over HTTPS
    std::string_view shown;   ///< to readers
};
constexpr std::array<SystemName, 8> kSystemNames{{
    {"$.mid", "iothub-messageid", "message-id"},
    {"$.cid", "iothub-correlationid", "correlation-id"},
    {"$.uid", "iothub-userid", "user-id"},
    {"$.ct", "iothub-contenttype", "content-type"},
    {"$.ce", "iothub-contentencoding", "content-encoding"},
    {"$.ctime", "iothub-creationtimeutc", "iothub-creation-time-utc"},
    {"$.exp", "iothub-expiry", "absolute-expiry-time"},
    {"$.on", "iothub-outputname", "iothub-outputname"},
}};
constexpr std::string_view kApplicationHeader = "iothub-app-";

void append_object(std::string& out, const HubProperties& properties) {
    out += '{';
    for (const auto& [name, value] : properties) {
        if (out.back() != '{') out += ',';
        json::append_quoted(out, name);
        out += ':';
        json::append_quoted(out, value);
    }
    out += '}';
}

std::string attributes_of(const HubMessage& message) {
    std::string out = "{\"system\":";
    append_object(out, message.system);
    out += ",\"application\":";
    append_object(out, message.application);
    return out + '}';
}

}  // namespace

std::size_t HubMessage::size() const noexcept {
    auto bytes = body.size();
    for (const auto& [name, value] : system) bytes += value.size();
    for (const auto& [name, value] : application) bytes += name.size() + value.size();
    return bytes;
}

std::string_view HubMessage::message_id() const noexcept {
    for (const auto& [name, value] : system) {
        if (name == "message-id") return value;
    }
    return {};
}

void add_bag_properties(HubMessage& message, HubProperties properties) {
    for (auto& [name, value] : properties) {
        if (!name.starts_with("$.")) {
            message.application.emplace_back(std::move(name), std::move(value));
            continue;
        }
        auto shown = std::string_view(name);
        for (const auto& known : kSystemNames) {
            if (known.bag == name) shown = known.shown;
        }
        message.system.emplace_back(shown, std::move(value));
    }
}

bool add_http_property(HubMessage& message, std::string_view name, std::string value) {
    if (name.size() > kApplicationHeader.size() &&
        http::equal_ignoring_case(name.substr(0, kApplicationHeader.size()), kApplicationHeader)) {
        message.application.emplace_back(name.substr(kApplicationHeader.size()), std::move(value));
        return true;
    }
    for (const auto& known : kSystemNames) {
        if (!http::equal_ignoring_case(name, known.header)) continue;
        message.system.emplace_back(known.shown, std::move(value));
        return true;
    }
    return false;
}

void HubMessages::accept(const HubIdentity& from, std::vector<HubMessage> messages) {
    auto target = std::make_shared<const std::string>(from.name());
    std::vector<ReceivedItem> items;
    items.reserve(messages.size());
    for (auto& message : messages) {
        auto& item = items.emplace_back();
        item.service = "iot_hub";
        item.target = target;
        item.id = message.message_id();
        item.attributes = attributes_of(message);
        item.body.size = message.body.size();
        item.body.bytes = std::make_shared<const std::string>(std::move(message.body));
    }
    // Numbered and appended under one lock: the log's order is the hub's.
    std::lock_guard lock(mutex_);
    for (auto& item : items) item.sequence = std::to_string(next_sequence_++);
    received_.append(std::move(items));
}

}  // namespace sluice::sandbox
