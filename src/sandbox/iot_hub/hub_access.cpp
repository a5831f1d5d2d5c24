#include "sandbox/iot_hub/hub_access.hpp"

#include <charconv>

#include "auth/azure_sas.hpp"
#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "http/ascii.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::string_view kScheme = "SharedAccessSignature ";
constexpr std::size_t kMostTokenBytes = 4 << 10;
/// Of `se`: until the year 5138, and far from where arithmetic overflows.
constexpr std::size_t kMostExpiryDigits = 11;

bool take_once(std::string& field, std::optional<std::string> value) {
    if (!value || value->empty() || !field.empty()) return false;
    field = std::move(*value);
    return true;
}

/// The `n`-th part between slashes of what a token is for, decoded once more where a client encoded an id twice.
bool same_segment(std::string_view given, std::string_view wanted) {
    if (given == wanted) return true;
    auto decoded = percent_decode(given);
    return decoded && *decoded == wanted;
}

/// Whether `scope`, a part of a resource's path from its start in whole segments, covers `path` (no slash before it).
bool covers(std::string_view scope, std::string_view path) {
    while (!scope.empty()) {
        if (path.empty()) return false;
        auto given = scope.substr(0, scope.find('/'));
        auto wanted = path.substr(0, path.find('/'));
        if (!same_segment(given, wanted)) return false;
        scope.remove_prefix(std::min(scope.size(), given.size() + 1));
        path.remove_prefix(std::min(path.size(), wanted.size() + 1));
    }
    return true;
}

bool is_for(const SasToken& token, std::string_view host, std::string_view path) {
    std::string_view resource(token.resource);
    auto slash = resource.find('/');
    auto token_host = resource.substr(0, slash);
    if (token_host.empty()) return false;
    if (!host.empty() && !http::equal_ignoring_case(token_host, host)) return false;
    return slash == std::string_view::npos || covers(resource.substr(slash + 1), path);
}

bool is_signed_with(const SasToken& token, std::string_view key) {
    auto raw = base64_decode(key);
    if (!raw) return false;
    auto expected = auth::azure_sas_signature(token.encoded_resource, Secret(std::move(*raw)), token.expiry_text);
    return constant_time_equal(expected, token.signature);
}

}  // namespace

std::optional<SasToken> parse_sas_token(std::string_view text) {
    if (!text.starts_with(kScheme) || text.size() > kMostTokenBytes) return std::nullopt;
    text.remove_prefix(kScheme.size());
    SasToken token;
    for (;;) {
        auto end = text.find('&');
        auto field = text.substr(0, end);
        auto equals = field.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        auto name = field.substr(0, equals);
        auto value = field.substr(equals + 1);
        bool good = false;
        if (name == "sr") {
            good = take_once(token.encoded_resource, std::string(value)) &&
                   take_once(token.resource, percent_decode(value));
        } else if (name == "sig") {
            good = take_once(token.signature, percent_decode(value));
        } else if (name == "se") {
            good = take_once(token.expiry_text, std::string(value));
        } else if (name == "skn") {
            // Some clients of devices write it without a value.
            good = token.policy.empty() && (value.empty() || take_once(token.policy, percent_decode(value)));
        }
        if (!good) return std::nullopt;
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    if (token.resource.empty() || token.signature.empty() || token.expiry_text.size() > kMostExpiryDigits)
        return std::nullopt;
    std::int64_t seconds = -1;
    const auto& expiry = token.expiry_text;
    auto [parsed_to, failure] = std::from_chars(expiry.data(), expiry.data() + expiry.size(), seconds);
    if (failure != std::errc() || parsed_to != expiry.data() + expiry.size() || seconds < 0) return std::nullopt;
    token.expires = from_epoch_ms(seconds * 1000);
    return token;
}

std::string_view to_string(HubRefusal refusal) noexcept {
    switch (refusal) {
        case HubRefusal::malformed_token:
            return "the password is no shared access signature";
        case HubRefusal::unknown_device:
            return "the device is not registered";
        case HubRefusal::disabled_device:
            return "the device is disabled";
        case HubRefusal::wrong_scope:
            return "the token is for another resource";
        case HubRefusal::wrong_key:
            return "the token's signature is not made with a key of the device";
        case HubRefusal::expired:
            return "the token has expired";
        case HubRefusal::unknown_policy:
            return "the hub has no such policy";
        case HubRefusal::missing_right:
            return "the token gives no right to do this";
    }
    return "refused";
}

HubAccess::Result HubAccess::as_device(std::string_view text, std::string_view host, const HubIdentity& identity,
                                       Timestamp now) const {
    auto token = parse_sas_token(text);
    if (!token) return HubRefusal::malformed_token;
    auto device = registry_.find(identity);
    if (!device) return HubRefusal::unknown_device;
    if (!device->enabled) return HubRefusal::disabled_device;
    auto path = "devices/" + identity.device + (identity.module.empty() ? "" : "/modules/" + identity.module);
    if (!is_for(*token, host, path)) return HubRefusal::wrong_scope;
    if (token->policy.empty()) {
        // The hub itself as the resource would be a policy's token.
        if (token->resource.find('/') == std::string::npos) return HubRefusal::wrong_scope;
        if (!is_signed_with(*token, device->primary_key) && !is_signed_with(*token, device->secondary_key))
            return HubRefusal::wrong_key;
    } else {
        if (token->policy != kHubOwnerPolicy && token->policy != kHubDevicePolicy) return HubRefusal::unknown_policy;
        if (!is_signed_with(*token, policy_key_)) return HubRefusal::wrong_key;
    }
    if (token->expires <= now) return HubRefusal::expired;
    return Admission{token->expires};
}

HubAccess::Result HubAccess::as_service(std::string_view text, std::string_view path, Timestamp now) const {
    auto token = parse_sas_token(text);
    if (!token) return HubRefusal::malformed_token;
    if (token->policy.empty()) return HubRefusal::missing_right;
    if (!is_for(*token, {}, path)) return HubRefusal::wrong_scope;
    if (token->policy != kHubOwnerPolicy && token->policy != kHubDevicePolicy) return HubRefusal::unknown_policy;
    if (!is_signed_with(*token, policy_key_)) return HubRefusal::wrong_key;
    if (token->policy != kHubOwnerPolicy) return HubRefusal::missing_right;
    if (token->expires <= now) return HubRefusal::expired;
    return Admission{token->expires};
}

}  // namespace sluice::sandbox
