#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "base/assert.hpp"
#include "net/accept_stream.hpp"
#include "net/deadline_watch.hpp"
#include "net/resolve.hpp"
#include "net/stream.hpp"
#include "net/tls_client_context.hpp"

namespace sluice {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using Addresses = std::vector<asio::ip::address>;
template <class T>
using Connecting = boost::system::result<T, ConnectError>;

ConnectError explain_connect(const boost::system::error_code& error, bool passed, const tcp::endpoint& to) {
    auto where = fmt::format(to.address().is_v6() ? fmt::runtime("[{}]:{}") : fmt::runtime("{}:{}"),
                             to.address().to_string(), to.port());
    if (error == asio::error::operation_aborted) {
        if (passed) {
            return {ConnectStep::connect,
                    make_error(Errc::timeout, where + " did not answer in time", "check firewalls on the way"),
                    "timeout"};
        }
        return {ConnectStep::connect, make_error(Errc::cancelled, "connecting was cancelled"), "cancelled"};
    }
    if (error == asio::error::connection_refused) {
        return {ConnectStep::connect,
                make_error(Errc::unavailable, where + " refused the connection",
                           "check the port, and that the service runs"),
                "connection_refused"};
    }
    if (error == asio::error::connection_reset) {
        return {ConnectStep::connect, make_error(Errc::unavailable, where + " reset the connection"),
                "connection_reset"};
    }
    if (error == asio::error::timed_out) {
        return {ConnectStep::connect,
                make_error(Errc::timeout, where + " did not answer", "check firewalls on the way"), "timeout"};
    }
    return {ConnectStep::connect,
            make_error(Errc::unavailable, fmt::format("no connection to {}: {}", where, error.message())),
            "connection_failed"};
}

asio::awaitable<Connecting<tcp::socket>> connect_address(asio::io_context& io, tcp::endpoint to, Deadline deadline) {
    tcp::socket socket(io);
    DeadlineWatch watch(socket.get_executor(), [&socket] {
        boost::system::error_code ignored;
        socket.cancel(ignored);
    });
    watch.begin(DeadlineWatch::Operation::write, deadline);
    auto [error] = co_await socket.async_connect(to, asio::as_tuple(asio::use_awaitable));
    bool passed = watch.end(DeadlineWatch::Operation::write);
    if (error) co_return explain_connect(error, passed, to);
    co_return std::move(socket);
}

asio::awaitable<Connecting<tcp::socket>> connect_any(asio::io_context& io, Addresses addresses, std::uint16_t port,
                                                     Deadline deadline) {
    ConnectError last;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            co_return ConnectError{ConnectStep::connect, make_error(Errc::cancelled, "connecting was cancelled"),
                                   "cancelled"};
        }
        // A share of what is left, so that an address that swallows packets leaves time for the next.
        auto left = addresses.size() - i;
        auto share = left == 1 ? deadline : deadline.earlier(deadline.remaining() / static_cast<int>(left));
        auto connected = co_await connect_address(io, tcp::endpoint(addresses[i], port), share);
        if (connected || connected.error().code == "cancelled") co_return connected;
        last = connected.error();
    }
    co_return last;
}

ConnectError proxy_error(Errc code, std::string message, std::string name = "proxy_refused") {
    return {ConnectStep::proxy,
            make_error(code, std::move(message), "check the proxy's address and that it allows this destination"),
            std::move(name)};
}

/// Asks a proxy for a tunnel (RFC 9110, 9.3.6).
asio::awaitable<Connecting<void>> open_tunnel(TcpTransport& transport, Endpoint proxy, Endpoint endpoint,
                                              Deadline deadline) {
    // Here the port is always told.
    bool bracketed = endpoint.host.find(':') != std::string::npos;
    auto target = (bracketed ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
    auto request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", target);
    std::array<std::string_view, 1> parts{request};
    auto sent = co_await transport.send(parts, deadline);

    constexpr std::size_t kMaxAnswer = 16 << 10;
    std::string answer;
    std::array<char, 1024> buffer;
    Result<std::size_t> received{std::size_t{0}};
    while (sent && answer.find("\r\n\r\n") == std::string::npos && answer.size() < kMaxAnswer) {
        received = co_await transport.receive(buffer, deadline);
        if (!received || *received == 0) break;
        answer.append(buffer.data(), *received);
    }
    if (!sent || !received) {
        auto error = !sent ? sent.error() : received.error();
        if (error.code == Errc::cancelled) co_return ConnectError{ConnectStep::proxy, error, "cancelled"};
        bool late = error.code == Errc::timeout;
        co_return proxy_error(error.code, fmt::format("the proxy {}: {}", proxy.host_header(), error.message),
                              late ? "timeout" : "proxy_refused");
    }
    int status = 0;
    if (answer.starts_with("HTTP/1.") && answer.size() >= 12)
        std::from_chars(answer.data() + 9, answer.data() + 12, status);
    // A peer of TLS waits for our first word: what comes unasked is not from it.
    bool whole = answer.ends_with("\r\n\r\n") && answer.find("\r\n\r\n") == answer.size() - 4;
    if (status / 100 == 2 && whole) co_return Connecting<void>();
    if (status == 0 || status / 100 == 2) {
        co_return proxy_error(Errc::unavailable,
                              fmt::format("{} does not answer like an HTTP proxy", proxy.host_header()));
    }
    auto message =
        fmt::format("the proxy {} refused a tunnel to {} with status {}", proxy.host_header(), target, status);
    co_return proxy_error(status == 407 ? Errc::unauthenticated : Errc::unavailable, std::move(message));
}

}  // namespace

asio::awaitable<ConnectResult> connect_stream(asio::io_context& io, Endpoint endpoint, ConnectOptions options,
                                              std::shared_ptr<TlsClientContext> tls, Deadline deadline) {
    SLUICE_ASSERT(!endpoint.tls || tls, "a TLS endpoint needs a TlsClientContext");
    const Endpoint first_hop = options.proxy ? *options.proxy : endpoint;
    auto addresses = co_await resolve_first_hop(endpoint, options, deadline);
    if (!addresses) co_return addresses.error();
    auto socket = co_await connect_any(io, std::move(*addresses), first_hop.port, deadline);
    if (!socket) {
        ConnectError failed = socket.error();
        // Whoever is told looks at the proxy, not at where it would have led.
        if (options.proxy && failed.code != "cancelled") {
            failed.step = ConnectStep::proxy;
            failed.error.message = "the proxy " + failed.error.message;
        }
        co_return failed;
    }
    if (!endpoint.tls) co_return make_plain_stream(std::move(*socket));

    auto transport = std::make_unique<TcpTransport>(std::move(*socket));
    if (options.proxy) {
        auto opened = co_await open_tunnel(*transport, *options.proxy, endpoint, deadline);
        if (!opened) co_return opened.error();
    }
    auto& context = static_cast<OpenSslClientContext&>(*tls);
    co_return co_await context.handshake(std::move(transport), std::move(endpoint), deadline);
}

}  // namespace sluice
