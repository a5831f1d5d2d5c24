#include "http/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "base/assert.hpp"
#include "http/server_shard.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// How long to wait when the process has no file descriptor left for another connection.
constexpr std::chrono::milliseconds kAcceptPause{100};

Error listen_error(const boost::system::error_code& error, const std::string& where) {
    if (error == asio::error::address_in_use) {
        return make_error(Errc::conflict, "address already in use: " + where,
                          "stop what listens there or choose another port");
    }
    if (error == asio::error::access_denied) {
        return make_error(Errc::forbidden, "not allowed to listen on " + where,
                          "ports below 1024 need a privilege: choose a higher one");
    }
    return make_error(Errc::io, fmt::format("cannot listen on {}: {}", where, error.message()));
}

void refuse_connection(tcp::socket& socket, bool plain) {
    static constexpr std::string_view kBusy =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    // What the socket's empty buffer takes at once; nothing is waited for.
    if (plain) (void)!::send(socket.native_handle(), kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    socket.close(ignored);
}

}  // namespace

struct Server::Impl {
    Impl(ShardSet& set, Options given, Handler answer, HeadCheck check)
        : shards(set),
          options(std::move(given)),
          handler(std::move(answer)),
          head_check(std::move(check)),
          bodies(options.limits.max_bodies_in_memory),
          acceptor(set[0].io()),
          accepting(set[0].io()),
          pause(set[0].io().get_executor()) {
        for (std::size_t i = 0; i < set.size(); ++i) {
            parts.push_back(std::make_unique<ServerShard>(set[i], options, handler, head_check, connections, bodies));
        }
    }

    asio::awaitable<void> accept();
    void take(tcp::socket socket, std::size_t shard);
    asio::awaitable<void> stop_accepting();

    ShardSet& shards;
    const Options options;
    const Handler handler;
    const HeadCheck head_check;
    BodyBudget bodies;
    std::atomic<std::size_t> connections{0};
    std::atomic<std::uint16_t> port{0};
    bool started = false;
    std::vector<std::unique_ptr<ServerShard>> parts;  ///< by shard

    // On shard 0.
    tcp::acceptor acceptor;
    TaskGroup accepting;
    SignalEvent pause;
};

asio::awaitable<void> Server::Impl::accept() {
    for (std::size_t next = 0;; next = (next + 1) % shards.size()) {
        auto [error, socket] = co_await acceptor.async_accept(shards[next].io(), asio::as_tuple(asio::use_awaitable));
        if (!acceptor.is_open()) co_return;
        if (error == asio::error::operation_aborted) co_return;
        if (!error) {
            take(std::move(socket), next);
            continue;
        }
        // The client may be gone again, which is nothing; what lasts must not become a busy loop.
        if (error == asio::error::connection_aborted) continue;
        if (options.report) options.report("cannot accept a connection: " + error.message());
        co_await pause.wait(Deadline::after(kAcceptPause));
    }
}

void Server::Impl::take(tcp::socket socket, std::size_t shard) {
    if (connections.load(std::memory_order_relaxed) >= options.limits.max_connections) {
        refuse_connection(socket, options.tls == nullptr);
        return;
    }
    connections.fetch_add(1, std::memory_order_relaxed);
    auto* part = parts[shard].get();
    asio::post(shards[shard].io(), [part, socket = std::move(socket)]() mutable { part->serve(std::move(socket)); });
}

asio::awaitable<void> Server::Impl::stop_accepting() {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    accepting.cancel();
    co_await accepting.join();
}

Server::Server(ShardSet& shards, Options options, Handler handler, HeadCheck head_check)
    : impl_(std::make_shared<Impl>(shards, std::move(options), std::move(handler), std::move(head_check))) {}

Server::~Server() {
    stop(Deadline::after({}));
}

Result<void> Server::start() {
    SLUICE_ASSERT(!impl_->started, "a server is started once");
    auto& options = impl_->options;
    boost::system::error_code error;
    auto address = asio::ip::make_address(options.address, error);
    if (error) {
        return make_error(Errc::invalid_argument, fmt::format("{} is not an address to listen on", options.address),
                          "give an IPv4 or IPv6 address: 127.0.0.1, 0.0.0.0, ::");
    }
    auto where = (address.is_v6() ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.port);
    tcp::endpoint endpoint(address, options.port);
    auto& acceptor = impl_->acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        return listen_error(error, where);
    }
    impl_->port = acceptor.local_endpoint().port();
    impl_->started = true;
    auto impl = impl_;
    asio::post(impl->shards[0].io(), [impl] { impl->accepting.spawn(impl->accept()); });
    return {};
}

std::uint16_t Server::port() const noexcept {
    return impl_->port;
}

void Server::stop(Deadline deadline) {
    if (!std::exchange(impl_->started, false)) return;
    auto& shards = impl_->shards;
    for (std::size_t i = 0; i < shards.size(); ++i)
        SLUICE_ASSERT(!shards[i].is_current(), "stop() waits for the shards");
    asio::co_spawn(shards[0].io(), impl_->stop_accepting(), asio::use_future).get();
    std::vector<std::future<void>> stopped;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        stopped.push_back(asio::co_spawn(shards[i].io(), impl_->parts[i]->stop(deadline), asio::use_future));
    }
    for (auto& part : stopped) part.get();
}

std::size_t Server::open_connections() const noexcept {
    return impl_->connections.load(std::memory_order_relaxed);
}

std::size_t Server::body_bytes() const noexcept {
    return impl_->bodies.used();
}

}  // namespace sluice::http
