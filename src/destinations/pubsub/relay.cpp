#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "destinations/pubsub/fake_service.hpp"

namespace sluice::pubsub {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// Copies what there is from one socket to another; 0 at the end.
std::size_t copy_some(int from, int to) {
    std::array<char, 65536> buffer;
    auto size = ::recv(from, buffer.data(), buffer.size(), 0);
    for (ssize_t sent = 0; size > sent;) {
        auto some = ::send(to, buffer.data() + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
        if (some <= 0) return 0;
        sent += some;
    }
    return size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace

struct Relay::Impl {
    Impl(std::uint16_t to_port, Kind relay_kind) : to(to_port), kind(relay_kind) {
        listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto address = loopback(0);
        socklen_t size = sizeof(address);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener, any, size) != 0 || ::listen(listener, 16) != 0 || ::getsockname(listener, any, &size) != 0)
            throw std::system_error(errno, std::generic_category(), "relay");
        port = ntohs(address.sin_port);
        acceptor = std::thread([this] { accept_all(); });
    }

    ~Impl() {
        stopping = true;
        ::shutdown(listener, SHUT_RDWR);
        acceptor.join();
        ::close(listener);
        cut();
        for (auto& thread : copying) thread.join();
    }

    void accept_all() {
        for (;;) {
            int near = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (near < 0 || stopping) {
                if (near >= 0) ::close(near);
                return;
            }
            ++taken;
            int far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            auto address = loopback(to);
            if (::connect(far, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
                ::close(near);
                ::close(far);
                continue;
            }
            std::lock_guard lock(mutex);
            open.insert(near);
            open.insert(far);
            copying.emplace_back([this, near, far] { copy(near, far); });
        }
    }

    /// Reads the head of a CONNECT, byte by byte so that nothing behind it is taken, and grants it.
    bool take_connect(int near) {
        std::string head;
        while (!head.ends_with("\r\n\r\n")) {
            char c = 0;
            if (::recv(near, &c, 1, 0) != 1) return false;
            head += c;
        }
        {
            std::lock_guard lock(mutex);
            asked.push_back(head.substr(0, head.find("\r\n")));
        }
        constexpr std::string_view kGranted = "HTTP/1.1 200 OK\r\n\r\n";
        return ::send(near, kGranted.data(), kGranted.size(), MSG_NOSIGNAL) > 0;
    }

    void copy(int near, int far) {
        std::array<pollfd, 2> sockets{{{near, POLLIN, 0}, {far, POLLIN, 0}}};
        for (bool alive = kind == Kind::plain || take_connect(near); alive;) {
            ::poll(sockets.data(), sockets.size(), -1);
            if (sockets[0].revents != 0) {
                auto copied = copy_some(near, far);
                sent += copied;
                alive = copied > 0;
            }
            if (alive && sockets[1].revents != 0) alive = copy_some(far, near) > 0;
        }
        std::lock_guard lock(mutex);
        open.erase(near);
        open.erase(far);
        ::close(near);
        ::close(far);
    }

    void cut() {
        std::lock_guard lock(mutex);
        for (int socket : open) ::shutdown(socket, SHUT_RDWR);
    }

    const std::uint16_t to;
    const Kind kind;
    int listener = -1;
    std::uint16_t port = 0;
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> taken{0};
    std::atomic<std::size_t> sent{0};
    std::vector<std::string> asked;
    std::thread acceptor;
    std::mutex mutex;
    std::set<int> open;
    std::vector<std::thread> copying;
};

Relay::Relay(std::uint16_t to, Kind kind) : impl_(std::make_unique<Impl>(to, kind)) {}
Relay::~Relay() = default;

std::uint16_t Relay::port() const noexcept {
    return impl_->port;
}

void Relay::cut() {
    impl_->cut();
}

std::size_t Relay::taken() const {
    return impl_->taken;
}

std::size_t Relay::bytes_sent() const {
    return impl_->sent;
}

std::vector<std::string> Relay::asked() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->asked;
}

}  // namespace sluice::pubsub
