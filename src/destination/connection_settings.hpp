#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "destination/registry.hpp"
#include "destination/settings_reader.hpp"
#include "net/endpoint.hpp"

namespace sluice {

/// What every destination takes about its connection: `endpoint`, `proxy`, `tls: {ca_file, insecure}` (product.md).
struct ConnectionSettings {
    std::optional<Endpoint> endpoint;  ///< instead of the service's own: an emulator, a private link
    ConnectOptions connect;
};

/// Reads them from `settings`; what is wrong is left with the reader. Refused: plain `http://` and `tls.insecure`
/// unless the endpoint is loopback, and, to a tenant, files of the operator's machine and internal addresses. A name
/// that resolves to an internal address is refused when connecting, by `connect.allow_internal_addresses`. `usual` is
/// where this destination connects when no `endpoint` is given, if its settings say so (a webhook's `url`).
ConnectionSettings read_connection_settings(SettingsReader& settings, const DestinationContext& context,
                                            const std::optional<Endpoint>& usual = std::nullopt);

/// The same rules for an endpoint that comes from another member (a webhook's `url`, a queue's). The message says what
/// is wrong without naming the member: `must use https://…`.
Result<void> check_endpoint(const Endpoint& endpoint, const DestinationContext& context);

/// What a tenant may and may not connect to, as net enforces it after name resolution.
ConnectOptions connect_options(const DestinationContext& context);

}  // namespace sluice
