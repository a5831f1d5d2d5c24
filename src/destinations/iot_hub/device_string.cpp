#include "destinations/iot_hub/device_string.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "auth/azure_connection_string.hpp"
#include "base/encoding.hpp"
#include "http/ascii.hpp"
#include "net/endpoint.hpp"

namespace sluice::iot_hub {
namespace {

constexpr std::string_view kWhere =
    "Copy it in the Azure portal: your IoT hub, Devices, the device, Primary connection string.";
constexpr std::string_view kTokenStart = "SharedAccessSignature ";
constexpr std::array<std::string_view, 7> kMembers = {
    "HostName", "DeviceId", "ModuleId", "GatewayHostName", "SharedAccessKey", "SharedAccessSignature", "x509"};

Error wrong(std::string message, std::string_view hint = kWhere) {
    return make_error(Errc::invalid_argument, std::move(message), std::string(hint));
}

/// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-identity-registry, "Device identity properties"
bool is_identity(std::string_view id) {
    constexpr std::string_view kSpecial = "-:.+%_#*?!(),=@$'";
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [&](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               kSpecial.find(c) != std::string_view::npos;
    });
}

Result<void> read_host(const auth::AzureConnectionString& given, std::string_view name, std::string& host) {
    host = given.text(name);
    // A bare name: the port is the transport's.
    auto endpoint = Endpoint::parse("https://" + host);
    if (!endpoint || endpoint->host.empty() || host.find_first_of(":/@?#") != std::string::npos)
        return wrong(fmt::format("has a {} that is not a host's name", name));
    return {};
}

/// Connection strings of other kinds, told by what they are.
Result<void> refuse_other_kinds(const auth::AzureConnectionString& given) {
    if (given.has("Endpoint")) {
        return wrong("has Endpoint: that is the connection string of an Event Hubs or Service Bus namespace",
                     "For an event hub use type event_hubs. For a device: your IoT hub, Devices, the device, Primary "
                     "connection string.");
    }
    if (given.has("SharedAccessKeyName") && !given.has("DeviceId")) {
        return wrong("has SharedAccessKeyName: that is a connection string of the hub's service side, not a device's");
    }
    if (given.has("SharedAccessKeyName")) {
        return wrong("has SharedAccessKeyName: a device signs with its own key, not with a policy of the hub");
    }
    if (given.has("x509") && !http::equal_ignoring_case(given.text("x509"), "false")) {
        return wrong("has x509: devices that show a certificate are not supported",
                     "Create a device with symmetric key authentication and copy its Primary connection string.");
    }
    for (const auto& name : given.names()) {
        bool known = std::any_of(kMembers.begin(), kMembers.end(),
                                 [&](std::string_view member) { return http::equal_ignoring_case(member, name); });
        if (!known) return wrong(fmt::format("has {}, which a device's connection string does not have", name));
    }
    return {};
}

/// The value of `name=` among a token's fields.
std::string_view token_field(std::string_view fields, std::string_view name) {
    while (!fields.empty()) {
        auto field = fields.substr(0, fields.find('&'));
        if (field.size() > name.size() && field.starts_with(name) && field[name.size()] == '=')
            return field.substr(name.size() + 1);
        fields.remove_prefix(std::min(fields.size(), field.size() + 1));
    }
    return {};
}

Result<void> read_token(const Secret& given, Device& device) {
    constexpr std::string_view kForm = "It begins with \"SharedAccessSignature sr=\" and contains sig= and se=.";
    std::string_view text = given.reveal();
    if (!text.starts_with(kTokenStart)) return wrong("has a SharedAccessSignature that is none", kForm);
    auto fields = text.substr(kTokenStart.size());
    auto resource = percent_decode(token_field(fields, "sr"));
    auto expiry = token_field(fields, "se");
    std::int64_t seconds = 0;
    auto [end, error] = std::from_chars(expiry.data(), expiry.data() + expiry.size(), seconds);
    bool is_number = error == std::errc() && end == expiry.data() + expiry.size() && !expiry.empty();
    // Beyond the year 9999 it is no time.
    if (!resource || resource->empty() || token_field(fields, "sig").empty() || !is_number || seconds < 0 ||
        seconds > 253'402'300'799) {
        return wrong("has a SharedAccessSignature that is none", kForm);
    }
    const std::string own = device.resource();
    bool covers = own == *resource || (own.starts_with(*resource) && own[resource->size()] == '/');
    if (!covers) {
        return wrong("has a SharedAccessSignature that is for something else than this device",
                     "Its sr must name the host and the device of this connection string.");
    }
    device.token = given;
    device.token_expires = Timestamp(std::chrono::seconds(seconds));
    return {};
}

Result<void> read_key(const Secret& given, Device& device) {
    auto key = base64_decode(given.reveal());
    if (!key || key->empty()) {
        return wrong("has a SharedAccessKey that is not base64",
                     "It was cut or changed when it was copied: copy the whole connection string again.");
    }
    device.key = Secret(std::move(*key));
    return {};
}

}  // namespace

std::string Device::name() const {
    return module.empty() ? id : id + "/" + module;
}

std::string Device::resource() const {
    auto text = host + "/devices/" + id;
    if (!module.empty()) text += "/modules/" + module;
    return text;
}

Result<Device> parse_device_string(std::string_view text) {
    auto given = auth::AzureConnectionString::parse(text);
    if (!given) return given.error();
    if (auto fine = refuse_other_kinds(*given); !fine) return fine.error();
    for (std::string_view name : {"HostName", "DeviceId"}) {
        if (!given->has(name)) return wrong(fmt::format("has no {}", name));
    }

    Device device;
    if (auto fine = read_host(*given, "HostName", device.host); !fine) return fine.error();
    if (given->has("GatewayHostName")) {
        if (auto fine = read_host(*given, "GatewayHostName", device.gateway); !fine) return fine.error();
    }
    device.id = given->text("DeviceId");
    device.module = given->text("ModuleId");
    if (!is_identity(device.id)) return wrong("has a DeviceId that a device cannot have");
    if (given->has("ModuleId") && !is_identity(device.module)) return wrong("has a ModuleId that a module cannot have");

    const Secret* key = given->find("SharedAccessKey");
    const Secret* token = given->find("SharedAccessSignature");
    if (key && token) return wrong("has both SharedAccessKey and SharedAccessSignature");
    if (!key && !token) return wrong("has no SharedAccessKey");
    auto read = key ? read_key(*key, device) : read_token(*token, device);
    if (!read) return read.error();
    return device;
}

}  // namespace sluice::iot_hub
