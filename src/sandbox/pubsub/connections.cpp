#include "sandbox/pubsub/connections.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace sluice::sandbox {
namespace {

std::uint16_t port_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

Error refused(const std::string& address, std::uint16_t port, const char* reason) {
    return make_error(Errc::io, fmt::format("cannot listen on {}:{}: {}", address, port, reason));
}

bool has_ended(int connection) {
    tcp_info info{};
    socklen_t size = sizeof(info);
    return getsockopt(connection, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != TCP_ESTABLISHED;
}

}  // namespace

Result<void> Connections::open(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (int failure = getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found); failure != 0)
        return refused(address, port, gai_strerror(failure));
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> free_found(found, freeaddrinfo);
    listener_ = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int on = 1;
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (listener_ < 0 || wake_ < 0 || setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(listener_, found->ai_addr, found->ai_addrlen) != 0 || listen(listener_, SOMAXCONN) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        auto error = refused(address, port, std::strerror(errno));
        close();
        return error;
    }
    port_ = port_of(bound);
    return {};
}

void Connections::serve(Hand hand) {
    acceptor_ = std::thread([this, hand = std::move(hand)] { accept_all(hand); });
}

void Connections::close() {
    if (acceptor_.joinable()) {
        std::uint64_t one = 1;
        while (write(wake_, &one, sizeof(one)) < 0 && errno == EINTR) {
        }
        acceptor_.join();
    }
    for (int* descriptor : {&listener_, &wake_}) {
        if (*descriptor >= 0) ::close(*descriptor);
        *descriptor = -1;
    }
    std::lock_guard lock(mutex_);
    for (auto [peer_port, connection] : open_) {
        shutdown(connection, SHUT_RDWR);
        ::close(connection);
    }
    open_.clear();
}

bool Connections::cut(std::uint16_t peer_port) {
    std::lock_guard lock(mutex_);
    auto found = open_.find(peer_port);
    if (found == open_.end()) return false;
    shutdown(found->second, SHUT_RDWR);
    ::close(found->second);
    open_.erase(found);
    return true;
}

void Connections::forget_ended() {
    for (auto it = open_.begin(); it != open_.end();) {
        if (!has_ended(it->second)) {
            ++it;
            continue;
        }
        ::close(it->second);
        it = open_.erase(it);
    }
}

void Connections::accept_all(const Hand& hand) {
    for (;;) {
        pollfd waiting[] = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
        if (poll(waiting, 2, -1) < 0 && errno != EINTR) return;
        if (waiting[1].revents != 0) return;
        sockaddr_storage peer{};
        socklen_t size = sizeof(peer);
        int connection = accept4(listener_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection < 0) continue;
        int on = 1;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        int own = fcntl(connection, F_DUPFD_CLOEXEC, 0);
        {
            std::lock_guard lock(mutex_);
            forget_ended();
            if (own >= 0) {
                auto [entry, fresh] = open_.try_emplace(port_of(peer), own);
                if (!fresh) {
                    ::close(entry->second);
                    entry->second = own;
                }
            }
        }
        hand(listener_, connection);
    }
}

}  // namespace sluice::sandbox
