#include "sandbox/iot_hub/hub_requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.hpp"
#include "http/ascii.hpp"
#include "json/find.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;

constexpr std::string_view kBatchType = "application/vnd.microsoft.iothub.json";

HubError too_large() {
    return {413, "MessageTooLarge", "a message or batch may have 256 KB, properties included"};
}

bool last_came_before(const HubProperties& properties) {
    return !properties.empty() && std::any_of(properties.begin(), properties.end() - 1, [&](const auto& property) {
        return property.first == properties.back().first;
    });
}

/// Adds a header or member, when it is a property. Refused where one is given twice: what becomes of it nobody says.
std::optional<HubError> take_property(HubMessage& message, std::string_view name, std::string value, bool required) {
    bool text = json::is_valid_utf8(name) && json::is_valid_utf8(value);
    if (!add_http_property(message, name, std::move(value))) {
        if (!required) return std::nullopt;
        return argument_invalid("a property's name begins neither with iothub-app- nor is it a system property's");
    }
    if (!text) return argument_invalid("a property is not UTF-8");
    if (last_came_before(message.system) || last_came_before(message.application))
        return argument_invalid("a property is given twice");
    return std::nullopt;
}

HubResult<HubMessage> read_batched(const bj::value& value) {
    const auto* entry = value.if_object();
    if (entry == nullptr) return argument_invalid("a batch is an array of objects");
    const auto* body = entry->if_contains("body");
    if (body == nullptr || !body->is_string())
        return argument_invalid("a message of the batch has no text as its body");
    HubMessage message;
    message.body = std::string(body->get_string());
    // Microsoft's client for Node writes base64 and does not say so.
    bool is_base64 = true;
    if (const auto* encoded = entry->if_contains("base64Encoded")) {
        if (!encoded->is_bool()) return argument_invalid("base64Encoded must be true or false");
        is_base64 = encoded->get_bool();
    }
    if (is_base64) {
        auto bytes = base64_decode(message.body);
        if (!bytes) return argument_invalid("the body of a batch's message is not base64");
        message.body = std::move(*bytes);
    }
    if (const auto* properties = entry->if_contains("properties")) {
        if (!properties->is_object()) return argument_invalid("properties must be an object");
        for (const auto& [name, property] : properties->get_object()) {
            if (!property.is_string()) return argument_invalid("a property's value must be text");
            auto wrong = take_property(message, name, std::string(property.get_string()), true);
            if (wrong) return *wrong;
        }
    }
    return message;
}

HubResult<std::vector<HubMessage>> read_batch(std::string_view body) {
    if (body.size() > kMostHubMessageBytes) return too_large();
    boost::system::error_code failure;
    auto document = bj::parse({body.data(), body.size()}, failure);
    if (failure || !document.is_array()) return argument_invalid("the body of a batch is no JSON array");
    if (document.get_array().empty()) return argument_invalid("the batch is empty");
    std::vector<HubMessage> messages;
    for (const auto& entry : document.get_array()) {
        auto message = read_batched(entry);
        if (!message) return message.error();
        if (message->size() > kMostHubMessageBytes) return too_large();
        messages.push_back(std::move(*message));
    }
    return messages;
}

std::optional<std::string> text_at(const bj::object& object, std::string_view name) {
    const auto* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string());
}

}  // namespace

std::optional<HubRoute> hub_route(const http::Request& request) {
    if (!request.path.starts_with("/devices/")) return std::nullopt;
    auto segments = request.path_segments();
    if (!segments || segments->size() < 2) return std::nullopt;
    HubRoute route;
    route.identity.device = (*segments)[1];
    std::size_t next = 2;
    if (segments->size() >= 4 && (*segments)[2] == "modules") {
        route.identity.module = (*segments)[3];
        next = 4;
    }
    auto left = segments->size() - next;
    if (left == 0) {
        route.what = HubRoute::What::identity;
        if (request.method == "PUT" || request.method == "GET" || request.method == "DELETE") return route;
        return std::nullopt;
    }
    // Modules speak MQTT only.
    if (left != 2 || next != 2 || (*segments)[next] != "messages") return std::nullopt;
    const auto& last = (*segments)[next + 1];
    if (last == "events" && request.method == "POST") return route;
    if (last == "devicebound" && request.method == "GET") {
        route.what = HubRoute::What::commands;
        return route;
    }
    return std::nullopt;
}

HubResult<std::vector<HubMessage>> read_messages(http::Request request) {
    auto type = request.headers.get("content-type");
    if (http::equal_ignoring_case(http::trim_blanks(type.substr(0, type.find(';'))), kBatchType))
        return read_batch(request.body);
    HubMessage message;
    for (const auto& [name, value] : request.headers.all()) {
        auto wrong = take_property(message, name, value, false);
        if (wrong) return *wrong;
    }
    message.body = std::move(request.body);
    if (message.size() > kMostHubMessageBytes) return too_large();
    std::vector<HubMessage> messages;
    messages.push_back(std::move(message));
    return messages;
}

HubResult<DeviceRegistry::Settings> read_identity(const http::Request& request, const HubIdentity& identity) {
    DeviceRegistry::Settings settings;
    boost::system::error_code failure;
    auto document = bj::parse({request.body.data(), request.body.size()}, failure);
    if (failure || !document.is_object()) return argument_invalid("the body is no JSON object");
    const auto& object = document.get_object();
    if (text_at(object, "deviceId") != identity.device)
        return argument_invalid("deviceId in the body must be the device of the path");
    if (!identity.module.empty() && text_at(object, "moduleId") != identity.module)
        return argument_invalid("moduleId in the body must be the module of the path");
    if (object.contains("status")) {
        auto status = text_at(object, "status");
        if (status != "enabled" && status != "disabled") return argument_invalid("status must be enabled or disabled");
        settings.enabled = status == "enabled";
    }
    const auto* authentication = object.if_contains("authentication");
    if (authentication == nullptr || !authentication->is_object()) return settings;
    auto type = text_at(authentication->get_object(), "type");
    if (type && *type != "sas")
        return argument_invalid("authentication.type: the sandbox knows devices with symmetric keys only (sas)");
    const auto* keys = authentication->get_object().if_contains("symmetricKey");
    if (keys == nullptr || !keys->is_object()) return settings;
    // Microsoft's service client sends empty keys for those that the hub is to make.
    auto key_at = [&](std::string_view name) {
        auto key = text_at(keys->get_object(), name);
        return key && key->empty() ? std::nullopt : key;
    };
    settings.primary_key = key_at("primaryKey");
    settings.secondary_key = key_at("secondaryKey");
    return settings;
}

std::string identity_json(const HubIdentity& identity, const HubDevice& device, bool connected) {
    std::string out = "{\"deviceId\":" + json::quoted(identity.device);
    if (!identity.module.empty()) out += ",\"moduleId\":" + json::quoted(identity.module);
    return out + fmt::format(
                     R"(,"etag":"{}","status":"{}","connectionState":"{}",)"
                     R"("authentication":{{"type":"sas","symmetricKey":{{"primaryKey":"{}","secondaryKey":"{}"}}}}}})",
                     base64_encode(std::to_string(device.version)), device.enabled ? "enabled" : "disabled",
                     connected ? "Connected" : "Disconnected", device.primary_key, device.secondary_key);
}

}  // namespace sluice::sandbox
