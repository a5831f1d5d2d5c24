#include <fmt/format.h>

#include <utility>

#include "net/resolve.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

using Addresses = std::vector<asio::ip::address>;

bool is_allowed(const asio::ip::address& address, const ConnectOptions& options) {
    if (!options.allow_internal_addresses && is_internal_address(address)) return false;
    return options.allow_loopback || !is_loopback_address(address);
}

ConnectError not_allowed(ConnectStep step, const std::string& host) {
    return {step,
            make_error(Errc::forbidden,
                       fmt::format("{} is an internal address, which must not be connected to from here", host),
                       "use an endpoint that is reachable from the internet"),
            "address_not_allowed"};
}

asio::awaitable<boost::system::result<Addresses, ConnectError>> resolve_allowed(Endpoint endpoint,
                                                                                ConnectOptions options,
                                                                                Deadline deadline) {
    auto resolved = co_await resolve(endpoint.host, deadline);
    if (!resolved) {
        auto error = resolved.error();
        std::string code = error.code == Errc::timeout     ? "timeout"
                           : error.code == Errc::cancelled ? "cancelled"
                                                           : "dns_failure";
        co_return ConnectError{ConnectStep::resolve, std::move(error), std::move(code)};
    }
    // Looked at here, after resolution and on the very addresses that are connected to: a name could lead anywhere.
    std::erase_if(*resolved, [&](const auto& address) { return !is_allowed(address, options); });
    if (resolved->empty()) co_return not_allowed(ConnectStep::resolve, endpoint.host);
    co_return std::move(*resolved);
}

}  // namespace

asio::awaitable<boost::system::result<Addresses, ConnectError>> resolve_first_hop(Endpoint endpoint,
                                                                                  ConnectOptions options,
                                                                                  Deadline deadline) {
    if (options.proxy) {
        if (options.proxy->tls) {
            co_return ConnectError{ConnectStep::proxy,
                                   make_error(Errc::unsupported, "a proxy is spoken to in plain HTTP",
                                              "write the proxy as http://host:port"),
                                   "proxy_refused"};
        }
        // The proxy resolves the name; an address that is written out is still looked at here.
        boost::system::error_code not_an_address;
        auto address = asio::ip::make_address(endpoint.host, not_an_address);
        bool forbidden = not_an_address ? is_loopback_host(endpoint.host) &&
                                              (!options.allow_loopback || !options.allow_internal_addresses)
                                        : !is_allowed(address, options);
        if (forbidden) co_return not_allowed(ConnectStep::resolve, endpoint.host);
    }
    const Endpoint& first_hop = options.proxy ? *options.proxy : endpoint;
    auto addresses = co_await resolve_allowed(first_hop, options, deadline);
    co_return addresses;
}

}  // namespace sluice
