#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace sluice::auth {

/// A shared access signature (Microsoft, "Control access with shared access signatures"):
/// `SharedAccessSignature sr={uri}&sig={signature}&se={expiry}[&skn={policy}]`, where the signature is the base64 of
/// HMAC-SHA-256 over the percent-encoded uri, a line feed and the expiry in seconds.
///
/// `uri` is given plain and encoded here (upper-case hex, as Azure's C++ and Node clients do). `key` is the raw key:
/// for Event Hubs the bytes of the key's text as pasted, for IoT Hub its base64 decoded. `policy` is empty for a
/// device's key.
Secret azure_sas_token(std::string_view uri, const Secret& key, Timestamp expires, std::string_view policy);

/// The signature alone, of a `uri` that is encoded already: for who checks a token.
std::string azure_sas_signature(std::string_view encoded_uri, const Secret& key, std::string_view expires_seconds);

}  // namespace sluice::auth
