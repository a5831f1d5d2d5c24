#include "http/scripted_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <deque>
#include <stdexcept>
#include <thread>

#include "base/assert.hpp"
#include "http/ascii.hpp"

namespace sluice::http {

void Gate::open() {
    {
        std::lock_guard lock(mutex_);
        open_ = true;
    }
    changed_.notify_all();
}

void Gate::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
}

Behaviour Behaviour::respond(int status, std::string_view body, const std::vector<Header>& headers) {
    auto bytes = fmt::format("HTTP/1.1 {} {}\r\nContent-Length: {}\r\n", status, reason_phrase(status), body.size());
    for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
    bytes += "\r\n";
    bytes += body;
    return respond_bytes(std::move(bytes));
}

Behaviour Behaviour::respond_bytes(std::string bytes) {
    return {Kind::respond, std::move(bytes), false, false, nullptr};
}

namespace {

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void set_reset_on_close(int socket) {
    linger hard{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

bool receive(int socket, std::string& bytes) {
    std::array<char, 65536> buffer;
    auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

void parse_head(std::string_view head, ScriptedServer::Recorded& request) {
    auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    auto first = line.find(' ');
    auto second = line.find(' ', first + 1);
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, second - first - 1);
    while (!head.starts_with("\r\n")) {
        line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(line.size() + 2);
        auto colon = line.find(':');
        request.headers.add(std::string(line.substr(0, colon)), std::string(trim_blanks(line.substr(colon + 1))));
    }
}

/// Reads one request, framed by its Content-Length; what follows stays in `bytes`. False when the client closed
/// instead.
bool read_request(int socket, std::string& bytes, ScriptedServer::Recorded& request) {
    std::size_t end;
    while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
        if (!receive(socket, bytes)) return false;
    }
    parse_head(std::string_view(bytes).substr(0, end + 4), request);
    bytes.erase(0, end + 4);
    std::size_t length = 0;
    auto text = request.headers.get("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    while (bytes.size() < length) {
        if (!receive(socket, bytes)) return false;
    }
    request.body = bytes.substr(0, length);
    bytes.erase(0, length);
    return true;
}

}  // namespace

struct ScriptedServer::Impl {
    int listener = -1;
    std::uint16_t port = 0;
    std::thread acceptor;

    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::deque<Behaviour> script;
    std::vector<Recorded> recorded;
    std::vector<std::shared_ptr<Gate>> gates;
    std::vector<std::thread> threads;
    std::vector<int> sockets;
    std::size_t closed = 0;
    bool stopping = false;

    void accept();
    void serve(int socket, std::size_t connection);
    bool serve_one(int socket, std::size_t connection, std::string& bytes);
    Behaviour next_behaviour();
};

void ScriptedServer::Impl::accept() {
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
        changed.notify_all();
    }
}

Behaviour ScriptedServer::Impl::next_behaviour() {
    std::lock_guard lock(mutex);
    if (script.empty()) return Behaviour::respond(200);
    auto behaviour = std::move(script.front());
    script.pop_front();
    return behaviour;
}

bool ScriptedServer::Impl::serve_one(int socket, std::size_t connection, std::string& bytes) {
    // A behaviour is taken by the request that comes first, not by a connection that waits for one.
    pollfd ready{socket, POLLIN, 0};
    if (bytes.empty()) ::poll(&ready, 1, -1);
    char byte;
    if (bytes.empty() && ::recv(socket, &byte, 1, MSG_PEEK) <= 0) return false;
    auto behaviour = next_behaviour();
    if (behaviour.kind == Behaviour::Kind::reset_before_reading) {
        set_reset_on_close(socket);
        return false;
    }
    Recorded request;
    request.connection = connection;
    if (!read_request(socket, bytes, request)) return false;
    {
        std::lock_guard lock(mutex);
        recorded.push_back(std::move(request));
        if (behaviour.gate) gates.push_back(behaviour.gate);
        if (stopping && behaviour.gate) behaviour.gate->open();
    }
    changed.notify_all();
    if (behaviour.gate) behaviour.gate->wait();
    switch (behaviour.kind) {
        case Behaviour::Kind::hang:
            while (receive(socket, bytes)) {
            }
            return false;
        case Behaviour::Kind::reset_after_reading:
            set_reset_on_close(socket);
            return false;
        case Behaviour::Kind::close_after_reading:
            return false;
        default:
            break;
    }
    send_all(socket, behaviour.bytes);
    if (behaviour.reset_after) set_reset_on_close(socket);
    return !behaviour.close_after && !behaviour.reset_after;
}

void ScriptedServer::Impl::serve(int socket, std::size_t connection) {
    std::string bytes;
    while (serve_one(socket, connection, bytes)) {
    }
    {
        std::lock_guard lock(mutex);
        ::close(socket);
        sockets[connection] = -1;
        ++closed;
    }
    changed.notify_all();
}

ScriptedServer::ScriptedServer(std::vector<Behaviour> script) : impl_(std::make_unique<Impl>()) {
    impl_->script.assign(std::make_move_iterator(script.begin()), std::make_move_iterator(script.end()));
    impl_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(impl_->listener, raw, size) != 0 || ::listen(impl_->listener, 128) != 0 ||
        ::getsockname(impl_->listener, raw, &size) != 0) {
        throw std::runtime_error("a scripted server cannot listen on loopback");
    }
    impl_->port = ntohs(address.sin_port);
    impl_->acceptor = std::thread([impl = impl_.get()] { impl->accept(); });
}

ScriptedServer::~ScriptedServer() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
        for (auto& gate : impl_->gates) gate->open();
        for (int socket : impl_->sockets) {
            if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
        }
    }
    ::shutdown(impl_->listener, SHUT_RDWR);
    impl_->acceptor.join();
    ::close(impl_->listener);
    for (auto& thread : impl_->threads) thread.join();
}

std::uint16_t ScriptedServer::port() const noexcept {
    return impl_->port;
}

Endpoint ScriptedServer::endpoint() const {
    return Endpoint{false, "127.0.0.1", impl_->port};
}

void ScriptedServer::then(Behaviour behaviour) {
    std::lock_guard lock(impl_->mutex);
    impl_->script.push_back(std::move(behaviour));
}

std::vector<ScriptedServer::Recorded> ScriptedServer::requests() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->recorded;
}

std::vector<ScriptedServer::Recorded> ScriptedServer::wait_for_requests(std::size_t count) const {
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait(lock, [&] { return impl_->recorded.size() >= count; });
    return impl_->recorded;
}

void ScriptedServer::wait_for_closed(std::size_t count) const {
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait(lock, [&] { return impl_->closed >= count; });
}

std::size_t ScriptedServer::connections() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->sockets.size();
}

}  // namespace sluice::http
