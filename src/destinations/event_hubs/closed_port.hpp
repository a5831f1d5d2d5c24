#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

#include "base/assert.hpp"

namespace sluice::event_hubs {

/// For tests: a port on loopback that is taken and where nobody listens, so that every connection is refused.
class ClosedPort {
  public:
    ClosedPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        bool bound = bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        SLUICE_ASSERT(bound, "there is a free port");
        port_ = ntohs(address.sin_port);
    }
    ~ClosedPort() { ::close(socket_); }
    ClosedPort(const ClosedPort&) = delete;
    ClosedPort& operator=(const ClosedPort&) = delete;

    std::uint16_t port() const noexcept { return port_; }

  private:
    int socket_;
    std::uint16_t port_ = 0;
};

}  // namespace sluice::event_hubs
