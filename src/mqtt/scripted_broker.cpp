#include "mqtt/scripted_broker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/assert.hpp"
#include "mqtt/decoder.hpp"

namespace sluice::mqtt {
namespace {

constexpr std::string_view kNonsense = "\xF0\x00HTTP/1.1 400 Bad Request\r\n\r\n";

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void send_packet(int socket, const Packet& packet) {
    std::string bytes;
    SLUICE_ASSERT(encode(packet, bytes), "a broker's packet can be encoded");
    send_all(socket, bytes);
}

}  // namespace

struct ScriptedBroker::Impl {
    int listener = -1;
    std::uint16_t port = 0;
    std::thread acceptor;

    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::function<OnConnect(const Connect&)> decide_connect;
    std::function<OnPublish(const Publish&, std::size_t)> decide_publish;
    std::vector<Connect> connects;
    std::vector<Published> published;
    std::size_t publish_count = 0;
    std::size_t pings = 0;
    std::size_t disconnects = 0;
    std::vector<std::thread> threads;
    std::vector<int> sockets;
    std::size_t closed = 0;
    bool stopping = false;
    const std::atomic<bool>* answers_pings = nullptr;

    void accept();
    void serve(int socket, std::size_t connection);
    bool take(int socket, std::size_t connection, const Packet& packet, std::vector<std::uint16_t>& kept);
    bool take_connect(int socket, const Connect& connect);
    bool take_publish(int socket, std::size_t connection, const Publish& publish, std::vector<std::uint16_t>& kept);
};

void ScriptedBroker::Impl::accept() {
    while (true) {
        int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        std::lock_guard lock(mutex);
        if (socket < 0 || stopping) {
            if (socket >= 0) ::close(socket);
            return;
        }
        auto connection = sockets.size();
        sockets.push_back(socket);
        threads.emplace_back([this, socket, connection] { serve(socket, connection); });
    }
}

bool ScriptedBroker::Impl::take_connect(int socket, const Connect& connect) {
    OnConnect decision;
    {
        std::lock_guard lock(mutex);
        connects.push_back(connect);
        if (decide_connect) decision = decide_connect(connect);
    }
    changed.notify_all();
    switch (decision.kind) {
        case OnConnect::Kind::answer:
            send_packet(socket, ConnAck{false, decision.code});
            return decision.code == ConnectCode::accepted;
        case OnConnect::Kind::talk_nonsense:
            send_all(socket, kNonsense);
            return true;
        case OnConnect::Kind::close:
            return false;
        case OnConnect::Kind::stay_silent:
            break;
    }
    return true;
}

bool ScriptedBroker::Impl::take_publish(int socket, std::size_t connection, const Publish& publish,
                                        std::vector<std::uint16_t>& kept) {
    OnPublish decision = OnPublish::acknowledge;
    {
        std::lock_guard lock(mutex);
        if (decide_publish) decision = decide_publish(publish, publish_count);
        ++publish_count;
        if (decision != OnPublish::close) published.push_back({connection, publish});
    }
    changed.notify_all();
    switch (decision) {
        case OnPublish::keep:
            kept.push_back(publish.packet_id);
            return true;
        case OnPublish::stay_silent:
            return true;
        case OnPublish::close:
        case OnPublish::record_and_close:
            return false;
        case OnPublish::talk_nonsense:
            send_all(socket, kNonsense);
            return true;
        case OnPublish::acknowledge_another:
            send_packet(socket, PubAck{static_cast<std::uint16_t>(publish.packet_id + 1000)});
            return true;
        case OnPublish::acknowledge:
        case OnPublish::acknowledge_then_close:
            break;
    }
    if (publish.qos == Qos::at_least_once) send_packet(socket, PubAck{publish.packet_id});
    for (auto id : kept) send_packet(socket, PubAck{id});
    kept.clear();
    return decision == OnPublish::acknowledge;
}

bool ScriptedBroker::Impl::take(int socket, std::size_t connection, const Packet& packet,
                                std::vector<std::uint16_t>& kept) {
    if (const auto* connect = std::get_if<Connect>(&packet)) return take_connect(socket, *connect);
    if (const auto* publish = std::get_if<Publish>(&packet)) return take_publish(socket, connection, *publish, kept);
    if (std::holds_alternative<PingReq>(packet)) {
        bool answers = false;
        {
            std::lock_guard lock(mutex);
            ++pings;
            answers = *answers_pings;
        }
        changed.notify_all();
        if (answers) send_packet(socket, PingResp{});
        return true;
    }
    if (std::holds_alternative<Disconnect>(packet)) {
        std::lock_guard lock(mutex);
        ++disconnects;
        return false;
    }
    return true;
}

void ScriptedBroker::Impl::serve(int socket, std::size_t connection) {
    Decoder decoder(Side::server, 1 << 20);
    std::array<char, 65536> buffer;
    std::vector<std::uint16_t> kept;
    for (bool open = true; open;) {
        auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
        while (open) {
            auto packet = decoder.next();
            if (!packet) open = false;
            if (!packet || !*packet) break;
            open = take(socket, connection, **packet, kept);
        }
    }
    {
        std::lock_guard lock(mutex);
        ::close(socket);
        sockets[connection] = -1;
        ++closed;
    }
    changed.notify_all();
}

ScriptedBroker::ScriptedBroker() : impl_(std::make_unique<Impl>()) {
    impl_->answers_pings = &answers_pings;
    impl_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (impl_->listener < 0 || ::bind(impl_->listener, generic, size) != 0 || ::listen(impl_->listener, 1024) != 0 ||
        ::getsockname(impl_->listener, generic, &size) != 0) {
        throw std::runtime_error("a scripted broker cannot listen");
    }
    impl_->port = ntohs(address.sin_port);
    impl_->acceptor = std::thread([this] { impl_->accept(); });
}

ScriptedBroker::~ScriptedBroker() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
        for (int socket : impl_->sockets) {
            if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
        }
    }
    ::shutdown(impl_->listener, SHUT_RDWR);
    impl_->acceptor.join();
    ::close(impl_->listener);
    for (auto& thread : impl_->threads) thread.join();
}

Endpoint ScriptedBroker::endpoint() const {
    return {false, "127.0.0.1", impl_->port};
}

void ScriptedBroker::on_connect(std::function<OnConnect(const Connect&)> decide) {
    std::lock_guard lock(impl_->mutex);
    impl_->decide_connect = std::move(decide);
}

void ScriptedBroker::on_publish(std::function<OnPublish(const Publish&, std::size_t)> decide) {
    std::lock_guard lock(impl_->mutex);
    impl_->decide_publish = std::move(decide);
}

std::vector<Connect> ScriptedBroker::connects() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->connects;
}

std::vector<ScriptedBroker::Published> ScriptedBroker::published() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->published;
}

std::size_t ScriptedBroker::pings() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->pings;
}

std::size_t ScriptedBroker::disconnects() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->disconnects;
}

std::vector<ScriptedBroker::Published> ScriptedBroker::wait_for_published(std::size_t count) const {
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait(lock, [&] { return impl_->published.size() >= count; });
    return impl_->published;
}

void ScriptedBroker::wait_for_closed(std::size_t count) const {
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait(lock, [&] { return impl_->closed >= count; });
}

void ScriptedBroker::close_connections() {
    std::lock_guard lock(impl_->mutex);
    for (int socket : impl_->sockets) {
        if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
    }
}

void ScriptedBroker::send(const Packet& packet) {
    std::lock_guard lock(impl_->mutex);
    for (int socket : impl_->sockets) {
        if (socket >= 0) send_packet(socket, packet);
    }
}

}  // namespace sluice::mqtt
