#include "sandbox/iot_hub/hub_listener.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/intrusive/list.hpp>

#include "net/accept_stream.hpp"
#include "net/shard.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"
#include "sandbox/iot_hub/hub_session.hpp"

namespace sluice::sandbox {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds kHandshakePatience{30};
/// How long to wait when the process has no file descriptor left for another connection.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// How often clocks are looked at while anybody is connected.
constexpr std::chrono::milliseconds kSweepInterval{100};

Result<void> listen(tcp::acceptor& acceptor, const std::string& address, std::uint16_t port) {
    boost::system::error_code error;
    auto parsed = asio::ip::make_address(address, error);
    if (error) return make_error(Errc::invalid_argument, fmt::format("{} is not an address to listen on", address));
    tcp::endpoint endpoint(parsed, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return {};
    auto code = error == asio::error::address_in_use ? Errc::conflict : Errc::io;
    return make_error(
        code, fmt::format("the IoT Hub stand-in cannot listen on {}:{} for MQTT: {}", address, port, error.message()));
}

}  // namespace

struct HubListener::Impl {
    Impl(HubCore& given_core, HubConnections& given_connections, std::shared_ptr<TlsServerContext> given_tls)
        : core(given_core), connections(given_connections), tls(std::move(given_tls)) {}

    asio::awaitable<void> accept();
    asio::awaitable<void> serve(tcp::socket socket);
    asio::awaitable<void> sweep();
    asio::awaitable<void> shut();

    HubCore& core;
    HubConnections& connections;
    const std::shared_ptr<TlsServerContext> tls;
    std::uint16_t port = 0;
    Shard shard{0};
    tcp::acceptor acceptor{shard.io()};
    TaskGroup accepting{shard.io()};
    TaskGroup serving{shard.io()};
    SignalEvent accept_pause{shard.io().get_executor()};
    SignalEvent first_session{shard.io().get_executor()};
    boost::intrusive::list<HubSession, boost::intrusive::constant_time_size<false>> sessions;
};

asio::awaitable<void> HubListener::Impl::accept() {
    for (;;) {
        auto [error, socket] = co_await acceptor.async_accept(shard.io(), asio::as_tuple(asio::use_awaitable));
        if (!acceptor.is_open() || error == asio::error::operation_aborted) co_return;
        if (error) {
            if (error != asio::error::connection_aborted) co_await accept_pause.wait(Deadline::after(kAcceptPause));
            continue;
        }
        if (serving.size() >= core.options.max_connections) continue;  // the socket closes
        serving.spawn(serve(std::move(socket)));
    }
}

asio::awaitable<void> HubListener::Impl::serve(tcp::socket socket) {
    std::unique_ptr<Stream> stream;
    if (tls) {
        auto accepted = co_await accept_tls_stream(std::move(socket), tls, Deadline::after(kHandshakePatience));
        if (!accepted) co_return;  // a client that does not trust the certificate: its own affair
        stream = std::move(*accepted);
    } else {
        stream = make_plain_stream(std::move(socket));
    }
    HubSession session(shard.io(), core, connections, std::move(stream));
    if (sessions.empty()) first_session.set();
    sessions.push_back(session);
    co_await session.run();
}

asio::awaitable<void> HubListener::Impl::sweep() {
    while (acceptor.is_open()) {
        co_await first_session.wait(sessions.empty() ? Deadline::never() : Deadline::after(kSweepInterval));
        // Looking may end a session, but none is destroyed before its own task goes on.
        for (auto& session : sessions) session.look_at_clock();
    }
}

asio::awaitable<void> HubListener::Impl::shut() {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    first_session.set();
    accepting.cancel();
    co_await accepting.join();
    for (auto& session : sessions) session.end("the hub went away");
    serving.cancel();
    co_await serving.join();
}

HubListener::HubListener(HubCore& core, HubConnections& connections) : core_(core), connections_(connections) {}

HubListener::~HubListener() {
    stop();
}

Result<void> HubListener::start(const std::string& address, std::uint16_t port, std::shared_ptr<TlsServerContext> tls) {
    auto impl = std::make_unique<Impl>(core_, connections_, std::move(tls));
    auto listening = listen(impl->acceptor, address, port);
    if (!listening) return listening.error();
    impl->port = impl->acceptor.local_endpoint().port();
    impl->shard.start();
    auto* running = impl.get();
    asio::post(running->shard.io(), [running] {
        running->accepting.spawn(running->accept());
        running->accepting.spawn(running->sweep());
    });
    std::lock_guard lock(mutex_);
    impl_ = std::move(impl);
    return {};
}

void HubListener::stop() {
    std::unique_ptr<Impl> impl;
    {
        std::lock_guard lock(mutex_);
        impl = std::move(impl_);
    }
    if (!impl) return;
    asio::co_spawn(impl->shard.io(), impl->shut(), asio::use_future).get();
    impl->shard.stop();
    impl->shard.join();
}

bool HubListener::running() const noexcept {
    std::lock_guard lock(mutex_);
    return impl_ != nullptr;
}

std::uint16_t HubListener::port() const noexcept {
    std::lock_guard lock(mutex_);
    return impl_ ? impl_->port : std::uint16_t{0};
}

void HubListener::disconnect(const HubIdentity& identity, std::string reason) {
    // While the lock is held the shard lives; what is posted runs before stop() has joined it.
    std::lock_guard lock(mutex_);
    if (!impl_) return;
    asio::post(impl_->shard.io(), [connections = &connections_, identity, reason = std::move(reason)] {
        for (auto* session : connections->of_device(identity)) session->end(reason);
    });
}

}  // namespace sluice::sandbox
