#include <fmt/format.h>

#include <utility>

#include "net/resolve.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

using Addresses = std::vector<asio::ip::address>;

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
    std::erase_if(*resolved, [&](const auto& address) { return !may_connect_to(address, options); });
    if (resolved->empty()) co_return address_refusal(endpoint.host);
    co_return std::move(*resolved);
}

}  // namespace

bool may_connect_to(const asio::ip::address& address, const ConnectOptions& options) {
    // Loopback is a question of its own: a sandbox in the process is reached by those who may reach nothing else
    // inside.
    if (is_loopback_address(address)) return options.allow_loopback;
    return options.allow_internal_addresses || !is_internal_address(address);
}

ConnectError address_refusal(const std::string& host) {
    return {ConnectStep::resolve,
            make_error(Errc::forbidden,
                       fmt::format("{} leads to an internal address, which must not be connected to from here", host),
                       "Use an endpoint that is reachable from the internet: only the operator's own integrations may "
                       "reach loopback, private and link-local addresses."),
            "address_not_allowed"};
}

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
        auto address = written_address(endpoint.host);
        bool forbidden =
            address ? !may_connect_to(*address, options) : is_loopback_host(endpoint.host) && !options.allow_loopback;
        if (forbidden) co_return address_refusal(endpoint.host);
    }
    const Endpoint& first_hop = options.proxy ? *options.proxy : endpoint;
    auto addresses = co_await resolve_allowed(first_hop, options, deadline);
    co_return addresses;
}

}  // namespace sluice
