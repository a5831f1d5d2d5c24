#include "destinations/event_hubs/namespace_credentials.hpp"

#include <algorithm>
#include <charconv>

#include "auth/azure_connection_string.hpp"
#include "destinations/event_hubs/hub_names.hpp"

namespace sluice::event_hubs {
namespace {

using auth::AzureConnectionString;

constexpr std::string_view kWhere =
    "In the Azure portal: Event Hubs namespace → Shared access policies → a policy → Connection string–primary key.";

Error wrong(std::string message, std::string_view hint = kWhere) {
    return make_error(Errc::invalid_argument, std::move(message), std::string(hint));
}

std::string lowered(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return text;
}

/// What other services' strings are known by.
std::optional<Error> other_kind(const AzureConnectionString& given) {
    if (given.has("DeviceId")) return wrong("is an IoT Hub device's connection string: its type is iot_hub");
    if (given.has("HostName")) return wrong("is an IoT Hub's own connection string, not an Event Hubs namespace's");
    if (given.has("AccountName") || given.has("AccountKey") || given.has("DefaultEndpointsProtocol"))
        return wrong("is a storage account's connection string, not an Event Hubs namespace's");
    return std::nullopt;
}

bool is_host(std::string_view host) {
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
    });
}

/// `sb://host[:port]/`
Result<void> read_endpoint(std::string_view text, NamespaceCredentials& into) {
    constexpr std::string_view kScheme = "sb://";
    if (lowered(std::string(text.substr(0, kScheme.size()))) != kScheme)
        return wrong("has an Endpoint that does not begin with sb://");
    text.remove_prefix(kScheme.size());
    while (text.ends_with('/')) text.remove_suffix(1);
    if (auto colon = text.rfind(':'); colon != std::string_view::npos) {
        auto digits = text.substr(colon + 1);
        std::uint16_t port = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
            return wrong("has an Endpoint with something else than a port after its host");
        into.port = port;
        text = text.substr(0, colon);
    }
    into.host = lowered(std::string(text));
    if (!is_host(into.host)) return wrong("has an Endpoint whose host is not a host's name");
    return {};
}

/// As AzureConnectionString took it apart: without what mail and terminals add.
Secret joined(const AzureConnectionString& given) {
    std::string text;
    for (const auto& name : given.names()) {
        if (!text.empty()) text += ';';
        text.append(name).append("=").append(given.find(name)->reveal());
    }
    return Secret(std::move(text));
}

}  // namespace

Result<NamespaceCredentials> parse_connection_string(std::string_view text) {
    auto given = AzureConnectionString::parse(text);
    if (!given) return given.error();
    if (auto other = other_kind(*given)) return *other;
    if (!given->has("Endpoint")) return wrong("has no Endpoint");

    NamespaceCredentials made;
    if (auto read = read_endpoint(given->text("Endpoint"), made); !read) return read.error();
    made.policy = given->text("SharedAccessKeyName");
    if (const auto* key = given->find("SharedAccessKey")) made.key = *key;
    if (const auto* signature = given->find("SharedAccessSignature")) made.signature = *signature;
    if (!made.signature.empty()) {
        if (!made.key.empty()) return wrong("has both a SharedAccessKey and a SharedAccessSignature");
        if (!made.signature.reveal().starts_with("SharedAccessSignature "))
            return wrong("has a SharedAccessSignature that is not one: it begins with “SharedAccessSignature sr=”");
    } else if (made.policy.empty()) {
        return wrong("has no SharedAccessKeyName");
    } else if (made.key.empty()) {
        return wrong("has no SharedAccessKey");
    }
    made.entity_path = given->text("EntityPath");
    if (!made.entity_path.empty()) {
        if (auto fits = check_hub_name(made.entity_path); !fits)
            return wrong("has an EntityPath that " + fits.error().message, fits.error().hint);
    }
    made.development_emulator = lowered(given->text("UseDevelopmentEmulator")) == "true";
    made.text = joined(*given);
    return made;
}

}  // namespace sluice::event_hubs
