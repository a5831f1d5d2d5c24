#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/endpoint.hpp"

namespace sluice::event_hubs {

/// What an Event Hubs connection string says. Plain value.
struct NamespaceCredentials {
    std::string host;  ///< `building.servicebus.windows.net`, lower case
    std::optional<std::uint16_t> port;
    std::string policy;       ///< SharedAccessKeyName
    Secret key;               ///< SharedAccessKey, as text
    Secret signature;         ///< SharedAccessSignature instead of the two
    std::string entity_path;  ///< the hub that the policy is one of; empty: the namespace's
    bool development_emulator = false;
    Secret text;  ///< the whole string, cleaned of what came along when it was copied
};

/// Reads a connection string as the portal shows it (*Connection string–primary key*). What is something else is
/// refused by its name: a device's, an IoT Hub's, a storage account's. The error's message follows a member's path
/// (`has no SharedAccessKey`) and contains no value.
Result<NamespaceCredentials> parse_connection_string(std::string_view text);

}  // namespace sluice::event_hubs
