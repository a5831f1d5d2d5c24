#include "sandbox/event_hubs/kafka_server.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "net/accept_stream.hpp"
#include "net/shard.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice::sandbox {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds kHandshakeTime{10};
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::size_t kSizeBytes = 4;

/// All of `buffer`; false when the connection ended first.
asio::awaitable<bool> read_all(Stream* stream, std::span<char> buffer, Deadline deadline) {
    while (!buffer.empty()) {
        auto got = co_await stream->read_some(buffer, deadline);
        if (!got || *got == 0) co_return false;
        buffer = buffer.subspan(*got);
    }
    co_return true;
}

}  // namespace

struct KafkaServer::Running {
    Running(KafkaBroker& answering, const Limits& bounds, std::shared_ptr<TlsServerContext> context)
        : broker(answering),
          limits(bounds),
          tls(std::move(context)),
          acceptor(shards[0].io()),
          tasks(shards[0].io()),
          pause(shards[0].io().get_executor()) {}

    asio::awaitable<void> accept();
    asio::awaitable<void> serve(tcp::socket socket);
    asio::awaitable<std::shared_ptr<const std::string>> read_frame(Stream* stream);
    asio::awaitable<void> answer_requests(Stream* stream, KafkaSession session);
    asio::awaitable<void> stop();

    KafkaBroker& broker;
    const Limits& limits;
    std::shared_ptr<TlsServerContext> tls;
    ShardSet shards{1};

    // On the shard.
    tcp::acceptor acceptor;
    TaskGroup tasks;
    SignalEvent pause;
    std::size_t connections = 0;
};

asio::awaitable<void> KafkaServer::Running::accept() {
    for (;;) {
        auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!acceptor.is_open() || error == asio::error::operation_aborted) co_return;
        if (!error && connections < limits.max_connections) {
            tasks.spawn(serve(std::move(socket)));
        } else if (error && error != asio::error::connection_aborted) {
            co_await pause.wait(Deadline::after(kAcceptPause));  // no file descriptor left, or no memory
        }
    }
}

asio::awaitable<void> KafkaServer::Running::serve(tcp::socket socket) {
    boost::system::error_code failure;
    auto local = socket.local_endpoint(failure);
    if (failure) co_return;
    socket.set_option(tcp::no_delay(true), failure);
    connections++;
    KafkaSession session;
    session.host = local.address().to_string();
    session.port = local.port();
    std::unique_ptr<Stream> stream;
    if (tls) {
        auto accepted = co_await accept_tls_stream(std::move(socket), tls, Deadline::after(kHandshakeTime));
        if (accepted) stream = std::move(*accepted);
    } else {
        stream = make_plain_stream(std::move(socket));
    }
    if (stream) {
        co_await answer_requests(stream.get(), std::move(session));
        stream->close();
    }
    connections--;
}

asio::awaitable<std::shared_ptr<const std::string>> KafkaServer::Running::read_frame(Stream* stream) {
    auto deadline = Deadline::after(limits.idle_timeout);
    std::array<char, kSizeBytes> head{};
    bool whole = co_await read_all(stream, head, deadline);
    if (!whole) co_return nullptr;
    auto size = KafkaReader(std::string_view(head.data(), head.size())).int32();
    if (size < 0 || static_cast<std::size_t>(size) > limits.max_frame_bytes) co_return nullptr;
    auto frame = std::make_shared<std::string>(static_cast<std::size_t>(size), '\0');
    whole = co_await read_all(stream, *frame, deadline);
    if (!whole) co_return nullptr;
    co_return frame;
}

asio::awaitable<void> KafkaServer::Running::answer_requests(Stream* stream, KafkaSession session) {
    for (;;) {
        auto frame = co_await read_frame(stream);
        if (!frame) co_return;
        auto reply = co_await broker.handle(&session, std::move(frame));
        if (reply.ending == KafkaReply::Ending::close) co_return;
        if (reply.ending == KafkaReply::Ending::hang) {
            // What else it sends is not looked at; the connection ends when the client has had enough of it.
            std::array<char, 4096> unread;
            for (;;) {
                auto got = co_await stream->read_some(unread, Deadline::never());
                if (!got || *got == 0) co_return;
            }
        }
        if (!reply.frame.empty()) {
            std::array<std::string_view, 1> parts{reply.frame};
            auto written = co_await stream->write(parts, Deadline::after(limits.idle_timeout));
            if (!written) co_return;
        }
        if (reply.close_after) co_return;
    }
}

asio::awaitable<void> KafkaServer::Running::stop() {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    tasks.cancel();
    co_await tasks.join();
}

KafkaServer::KafkaServer(KafkaBroker& broker, Limits limits) : broker_(broker), limits_(limits) {}

KafkaServer::~KafkaServer() {
    stop();
}

Result<void> KafkaServer::start(const std::string& address, std::uint16_t port, std::shared_ptr<TlsServerContext> tls) {
    if (running_) return make_error(Errc::conflict, "the Event Hubs stand-in is running already");
    boost::system::error_code error;
    auto ip = asio::ip::make_address(address, error);
    if (error) return make_error(Errc::invalid_argument, fmt::format("{} is not an address to listen on", address));
    tcp::endpoint endpoint(ip, port != 0 ? port : port_);
    auto made = std::make_unique<Running>(broker_, limits_, std::move(tls));
    auto& acceptor = made->acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        return make_error(error == asio::error::address_in_use ? Errc::conflict : Errc::io,
                          fmt::format("Event Hubs' Kafka endpoint cannot listen on port {} of {}: {}", endpoint.port(),
                                      address, error.message()),
                          "it takes the port after the sandbox's own: choose another with --listen");
    port_ = acceptor.local_endpoint().port();
    running_ = std::move(made);
    running_->shards.start();
    auto* running = running_.get();
    asio::post(running->shards[0].io(), [running] { running->tasks.spawn(running->accept()); });
    return {};
}

void KafkaServer::stop() {
    if (!running_) return;
    asio::co_spawn(running_->shards[0].io(), running_->stop(), asio::use_future).get();
    running_->shards.stop_and_join();
    running_.reset();
}

}  // namespace sluice::sandbox
