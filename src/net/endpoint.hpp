#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/deadline.hpp"

namespace sluice {

/// Where to connect: scheme, host, port. No path, no user.
struct Endpoint {
    bool tls = true;
    std::string host;  ///< name or address, IPv6 without brackets
    std::uint16_t port = 443;

    /// `https://host[:port]`, `http://…`. Refuses paths other than `/`, users, queries, naming what is wrong.
    static Result<Endpoint> parse(std::string_view url);
    /// As in a Host header: with the port unless it is the scheme's own.
    std::string host_header() const;
    std::string to_url() const;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

bool is_loopback_host(std::string_view host);
/// Private, link-local, loopback, unique-local, multicast, unspecified, carrier-grade NAT, metadata addresses; IPv4
/// mapped into IPv6 is looked at as IPv4.
bool is_internal_address(const boost::asio::ip::address& address);
bool is_loopback_address(const boost::asio::ip::address& address);

/// What failed on the way to a connection, so that *test* can name the step.
enum class ConnectStep { resolve, connect, proxy, tls };
struct ConnectError {
    ConnectStep step = ConnectStep::connect;
    Error error;
    /// Stable: `dns_failure`, `address_not_allowed`, `connection_refused`, `connection_reset`, `connection_failed`,
    /// `proxy_refused`, `tls_certificate_expired`, `tls_wrong_host`, `tls_untrusted`, `tls_failed`, `timeout`,
    /// `cancelled`.
    std::string code;
};

struct TlsSettings {
    std::string ca_file;    ///< empty: the system's
    bool insecure = false;  ///< no verification; only ever set for loopback
};

struct ConnectOptions {
    TlsSettings tls;
    std::optional<Endpoint> proxy;         ///< HTTP proxy (CONNECT for TLS)
    bool allow_internal_addresses = true;  ///< false: refuse addresses for which is_internal_address() after resolution
    bool allow_loopback = true;
};

}  // namespace sluice
