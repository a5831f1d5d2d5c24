#include "destination/connection_settings.hpp"

#include <utility>

#include "net/resolve.hpp"

namespace sluice {
namespace {

/// Only what is written as an address is looked at here; names are looked at once they are resolved.
Result<void> check_reach(const Endpoint& endpoint, const DestinationContext& context) {
    if (context.operator_owned) return {};
    auto address = written_address(endpoint.host);
    if (is_loopback_host(endpoint.host) || (address && is_loopback_address(*address))) {
        if (context.allow_loopback) return {};
        return make_error(Errc::forbidden, "points at this machine", "Use a public endpoint.");
    }
    if (address && is_internal_address(*address)) {
        return make_error(Errc::forbidden, "is a private, link-local or otherwise internal address",
                          "Use a public endpoint; only the operator's own integrations may reach internal ones.");
    }
    return {};
}

std::optional<Endpoint> read_endpoint(SettingsReader& settings, std::string_view name) {
    auto url = settings.text(name);
    if (!url) return std::nullopt;
    auto endpoint = Endpoint::parse(*url);
    if (!endpoint) {
        settings.fail(name, "is not an endpoint: " + endpoint.error().message, endpoint.error().hint);
        return std::nullopt;
    }
    return std::move(*endpoint);
}

void read_tls(SettingsReader& settings, const DestinationContext& context, const std::optional<Endpoint>& endpoint,
              TlsSettings& tls) {
    if (auto ca_file = settings.text("ca_file")) {
        if (!context.operator_owned) settings.fail("ca_file", "is for the operator's own integrations only");
        tls.ca_file = std::move(*ca_file);
    }
    tls.insecure = settings.boolean("insecure", false);
    if (tls.insecure && !(endpoint && is_loopback_host(endpoint->host))) {
        settings.fail("insecure", "is only allowed with an endpoint on loopback",
                      "Give the authority that signed the certificate as tls.ca_file instead.");
    }
}

}  // namespace

ConnectOptions connect_options(const DestinationContext& context) {
    ConnectOptions options;
    options.allow_internal_addresses = context.operator_owned;
    options.allow_loopback = context.operator_owned || context.allow_loopback;
    return options;
}

Result<void> check_endpoint(const Endpoint& endpoint, const DestinationContext& context) {
    if (!endpoint.tls && !is_loopback_host(endpoint.host)) {
        return make_error(Errc::invalid_argument, "must use https://",
                          "Plain http:// is only for endpoints on loopback.");
    }
    return check_reach(endpoint, context);
}

ConnectionSettings read_connection_settings(SettingsReader& settings, const DestinationContext& context,
                                            const std::optional<Endpoint>& usual) {
    ConnectionSettings connection;
    connection.connect = connect_options(context);
    connection.endpoint = read_endpoint(settings, "endpoint");
    if (connection.endpoint) {
        if (auto allowed = check_endpoint(*connection.endpoint, context); !allowed) {
            settings.fail("endpoint", allowed.error().message, allowed.error().hint);
        }
    }
    connection.connect.proxy = read_endpoint(settings, "proxy");
    if (connection.connect.proxy) {
        // The proxy itself may be plain: what goes through it to the service is TLS all the way.
        if (auto allowed = check_reach(*connection.connect.proxy, context); !allowed) {
            settings.fail("proxy", allowed.error().message, allowed.error().hint);
        }
    }
    settings.object("tls", [&](SettingsReader& tls) {
        read_tls(tls, context, connection.endpoint ? connection.endpoint : usual, connection.connect.tls);
    });
    return connection;
}

}  // namespace sluice
