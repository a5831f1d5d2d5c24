#include "auth/azure_sas.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"

namespace sluice::auth {

std::string azure_sas_signature(std::string_view encoded_uri, const Secret& key, std::string_view expires_seconds) {
    auto to_sign = fmt::format("{}\n{}", encoded_uri, expires_seconds);
    return base64_encode(as_view(hmac_sha256(key.reveal(), to_sign)));
}

Secret azure_sas_token(std::string_view uri, const Secret& key, Timestamp expires, std::string_view policy) {
    const std::string resource = percent_encode(uri);
    const std::string expiry = std::to_string(to_epoch_ms(expires) / 1000);
    auto token = fmt::format("SharedAccessSignature sr={}&sig={}&se={}", resource,
                             percent_encode(azure_sas_signature(resource, key, expiry)), expiry);
    if (!policy.empty()) token += fmt::format("&skn={}", percent_encode(policy));
    return Secret(std::move(token));
}

}  // namespace sluice::auth
