#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "http/ascii.hpp"

namespace sluice::http {

/// For tests of servers: a blocking socket that sends exactly the bytes it is given and shows exactly what comes back.
class RawClient {
  public:
    struct Answer {
        int status = 0;
        std::string head;  ///< through the empty line
        std::string body;  ///< as sent: chunks are not joined

        std::string_view field(std::string_view name) const {
            std::string_view rest = head;
            while (!rest.empty()) {
                auto end = rest.find("\r\n");
                auto line = rest.substr(0, end);
                rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
                auto colon = line.find(':');
                if (colon == std::string_view::npos) continue;
                if (equal_ignoring_case(line.substr(0, colon), name)) return trim_blanks(line.substr(colon + 1));
            }
            return {};
        }
    };

    explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ::close(socket_);
            throw std::runtime_error("cannot connect");
        }
    }
    ~RawClient() { close(); }
    RawClient(RawClient&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
    RawClient& operator=(RawClient&&) = delete;

    /// False when the server would take no more.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    void half_close() { ::shutdown(socket_, SHUT_WR); }
    /// Closes with a reset instead of an orderly end.
    void reset() {
        linger hard{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close();
    }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    /// The next answer, framed by its Content-Length, or by the end of the connection. Empty when the server closed
    /// instead.
    std::optional<Answer> read_answer(bool head_only = false) {
        std::size_t end;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) return std::nullopt;
        }
        Answer answer;
        answer.head = received_.substr(0, end + 4);
        received_.erase(0, end + 4);
        answer.status = std::stoi(answer.head.substr(9, 3));
        if (answer.status < 200 || head_only || answer.status == 204 || answer.status == 304) return answer;
        if (auto length = answer.field("Content-Length"); !length.empty()) {
            std::size_t size = 0;
            std::from_chars(length.data(), length.data() + length.size(), size);
            while (received_.size() < size) {
                if (!receive()) return std::nullopt;
            }
            answer.body = received_.substr(0, size);
            received_.erase(0, size);
        } else {
            while (receive()) {
            }
            answer.body = std::exchange(received_, {});
        }
        return answer;
    }

    std::optional<Answer> ask(std::string_view bytes) {
        send(bytes);
        return read_answer();
    }

    /// Everything until the server closes.
    std::string read_to_end() {
        while (receive()) {
        }
        return std::exchange(received_, {});
    }

    /// Exactly so many bytes, or fewer when the server closes before.
    std::string read_bytes(std::size_t count) {
        while (received_.size() < count && receive()) {
        }
        auto bytes = received_.substr(0, count);
        received_.erase(0, bytes.size());
        return bytes;
    }

    bool is_closed_by_server() {
        while (received_.empty() && receive()) {
        }
        return received_.empty();
    }

  private:
    bool receive() {
        std::array<char, 16384> buffer;
        auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (count <= 0) return false;
        received_.append(buffer.data(), static_cast<std::size_t>(count));
        return true;
    }

    int socket_;
    std::string received_;
};

}  // namespace sluice::http
