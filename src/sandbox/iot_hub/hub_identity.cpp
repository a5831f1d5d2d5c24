#include "sandbox/iot_hub/hub_identity.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::size_t kMostIdBytes = 128;
constexpr std::string_view kSpecial = "-:.+%_#*?!(),=@;$'";

bool is_id_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kSpecial.find(c) != std::string_view::npos;
}

bool is_host(std::string_view host) noexcept {
    return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == ':' || c == '[' || c == ']';
    });
}

/// `2021-04-12`, `2020-09-30-preview`
bool is_api_version(std::string_view text) noexcept {
    if (text.size() < 10 || text.size() > 32) return false;
    for (std::size_t i = 0; i < 10; i++) {
        bool dash = i == 4 || i == 7;
        if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
    }
    return text.size() == 10 || text.substr(10) == "-preview";
}

}  // namespace

bool is_valid_hub_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= kMostIdBytes && std::all_of(id.begin(), id.end(), is_id_character);
}

std::optional<HubIdentity> parse_client_id(std::string_view client_id) {
    auto slash = client_id.find('/');
    HubIdentity identity;
    identity.device = client_id.substr(0, slash);
    if (!is_valid_hub_id(identity.device)) return std::nullopt;
    if (slash == std::string_view::npos) return identity;
    identity.module = client_id.substr(slash + 1);
    if (!is_valid_hub_id(identity.module)) return std::nullopt;
    return identity;
}

std::optional<HubUserName> parse_user_name(std::string_view user_name) {
    HubUserName parsed;
    auto slash = user_name.find('/');
    // The last one: an id may have a question mark, a slash it may not have.
    auto query = user_name.rfind("/?");
    if (slash == std::string_view::npos || query == std::string_view::npos || query <= slash) return std::nullopt;
    parsed.host = user_name.substr(0, slash);
    if (!is_host(parsed.host)) return std::nullopt;
    auto identity = parse_client_id(user_name.substr(slash + 1, query - slash - 1));
    if (!identity) return std::nullopt;
    parsed.identity = std::move(*identity);

    auto parameters = user_name.substr(query + 2);
    for (;;) {
        auto end = parameters.find('&');
        auto parameter = parameters.substr(0, end);
        auto equals = parameter.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        auto value = percent_decode(parameter.substr(equals + 1));
        if (!value) return std::nullopt;
        auto name = parameter.substr(0, equals);
        if (name == "api-version") parsed.api_version = std::move(*value);
        if (name == "DeviceClientType") parsed.client_type = std::move(*value);
        if (end == std::string_view::npos) break;
        parameters.remove_prefix(end + 1);
    }
    if (!is_api_version(parsed.api_version)) return std::nullopt;
    return parsed;
}

}  // namespace sluice::sandbox
