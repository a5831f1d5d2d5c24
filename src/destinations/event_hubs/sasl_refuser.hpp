#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "base/assert.hpp"

namespace sluice::event_hubs {

/// For tests: a Kafka broker that knows nobody. It speaks as much of the protocol (ApiVersions, SaslHandshake,
/// SaslAuthenticate) as it takes to refuse a password, and keeps what it was told. On a thread of its own.
class SaslRefuser {
  public:
    SaslRefuser() {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        bool listens = bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       listen(listener_, 16) == 0 &&
                       getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        SLUICE_ASSERT(listens, "a server on a free port starts");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~SaslRefuser() {
        stopping_ = true;
        shutdown(listener_, SHUT_RDWR);
        shutdown(connection_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    SaslRefuser(const SaslRefuser&) = delete;
    SaslRefuser& operator=(const SaslRefuser&) = delete;

    std::uint16_t port() const noexcept { return port_; }
    std::size_t refused() const noexcept { return refused_; }

  private:
    static void put(std::string& out, std::uint32_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    }
    static std::uint32_t get(std::string_view in, std::size_t at, int bytes) {
        std::uint32_t value = 0;
        for (int i = 0; i < bytes; ++i)
            value = value << 8 | static_cast<unsigned char>(in[at + static_cast<std::size_t>(i)]);
        return value;
    }
    bool receive(std::string& into, std::size_t size) {
        into.resize(size);
        for (std::size_t got = 0; got < size;) {
            auto count = recv(connection_, into.data() + got, size - got, 0);
            if (count <= 0) return false;
            got += static_cast<std::size_t>(count);
        }
        return true;
    }

    std::string answer_to(std::uint32_t kind, std::uint32_t version) {
        std::string body;
        if (kind == 18) {  // ApiVersions: only version 0 is known, and said so in its form
            put(body, version == 0 ? 0 : 35, 2);
            constexpr std::array<std::array<std::uint32_t, 3>, 5> kKinds{
                {{0, 0, 7}, {3, 0, 4}, {17, 0, 1}, {18, 0, 0}, {36, 0, 0}}};
            put(body, kKinds.size(), 4);
            for (const auto& each : kKinds)
                for (auto part : each) put(body, part, 2);
        } else if (kind == 17) {
            constexpr std::string_view kMechanism = "PLAIN";
            put(body, 0, 2);
            put(body, 1, 4);
            put(body, kMechanism.size(), 2);
            body += kMechanism;
        } else if (kind == 36) {
            constexpr std::string_view kWhy = "Unauthorized access.";
            put(body, 58, 2);
            put(body, kWhy.size(), 2);
            body += kWhy;
            put(body, 0, 4);
            ++refused_;
        }
        return body;
    }

    void serve() {
        while (!stopping_) {
            connection_ = accept(listener_, nullptr, nullptr);
            if (connection_ < 0) return;
            for (std::string size, request; !stopping_;) {
                if (!receive(size, 4) || !receive(request, get(size, 0, 4)) || request.size() < 8) break;
                std::string out = request.substr(4, 4);
                out += answer_to(get(request, 0, 2), get(request, 2, 2));
                std::string framed;
                put(framed, static_cast<std::uint32_t>(out.size()), 4);
                framed += out;
                if (send(connection_, framed.data(), framed.size(), MSG_NOSIGNAL) < 0) break;
            }
            ::close(connection_.exchange(-1));
        }
    }

    int listener_ = -1;
    std::atomic<int> connection_{-1};
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> refused_{0};
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace sluice::event_hubs
