#include "net/tcp_transport.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace sluice {

namespace asio = boost::asio;

namespace {

std::string address_of_peer(const asio::ip::tcp::socket& socket) {
    boost::system::error_code error;
    auto endpoint = socket.remote_endpoint(error);
    if (error) return {};  // the peer is gone already; the first read will say so
    auto address = endpoint.address();
    // A client of a dual-stack listener is better known by its IPv4 address.
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    return address.to_string();
}

Error transport_error(const boost::system::error_code& error, bool deadline_passed) {
    if (error == asio::error::operation_aborted) {
        return deadline_passed ? make_error(Errc::timeout, "the peer did not answer in time")
                               : make_error(Errc::cancelled, "the connection was closed here");
    }
    if (error == asio::error::bad_descriptor) return make_error(Errc::cancelled, "the connection was closed here");
    if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
        return make_error(Errc::io, "the peer reset the connection");
    }
    return make_error(Errc::io, "the connection failed: " + error.message());
}

/// The unsent rest of a list of parts.
class Remaining {
  public:
    explicit Remaining(std::span<const std::string_view> parts) : parts_(parts) { skip_empty(); }

    bool empty() const noexcept { return parts_.empty(); }

    std::size_t fill(std::span<iovec> out) const noexcept {
        std::size_t count = 0;
        auto offset = offset_;
        for (auto part : parts_) {
            if (count == out.size()) break;
            part.remove_prefix(offset);
            offset = 0;
            if (!part.empty()) out[count++] = {const_cast<char*>(part.data()), part.size()};
        }
        return count;
    }

    void consume(std::size_t bytes) noexcept {
        while (bytes > 0) {
            auto left = parts_.front().size() - offset_;
            if (bytes < left) {
                offset_ += bytes;
                return;
            }
            bytes -= left;
            parts_ = parts_.subspan(1);
            offset_ = 0;
        }
        skip_empty();
    }

  private:
    void skip_empty() noexcept {
        while (!parts_.empty() && parts_.front().size() == offset_) {
            parts_ = parts_.subspan(1);
            offset_ = 0;
        }
    }

    std::span<const std::string_view> parts_;
    std::size_t offset_ = 0;  ///< within the first part
};

}  // namespace

TcpTransport::TcpTransport(asio::ip::tcp::socket socket)
    : socket_(std::move(socket)),
      watch_(socket_.get_executor(), [this] { cancel(); }),
      remote_address_(address_of_peer(socket_)) {
    boost::system::error_code ignored;  // a peer that is gone already shows at the first read
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<Result<std::size_t>> TcpTransport::receive(std::span<char> buffer, Deadline deadline) {
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        co_return make_error(Errc::cancelled, "reading was cancelled");
    }
    watch_.begin(DeadlineWatch::Operation::read, deadline);
    auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                                                           asio::as_tuple(asio::use_awaitable));
    bool passed = watch_.end(DeadlineWatch::Operation::read);
    if (!error) co_return bytes;
    if (error == asio::error::eof) co_return std::size_t{0};
    co_return transport_error(error, passed);
}

asio::awaitable<Result<void>> TcpTransport::send(std::span<const std::string_view> parts, Deadline deadline) {
    Remaining remaining(parts);
    std::array<iovec, 64> vectors;
    while (!remaining.empty()) {
        msghdr message{};
        message.msg_iov = vectors.data();
        message.msg_iovlen = remaining.fill(vectors);
        // Straight to the kernel: it nearly always takes all, and then nothing has to be suspended.
        auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            bytes_sent_ += static_cast<std::uint64_t>(sent);
            remaining.consume(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            co_return transport_error({errno, boost::system::system_category()}, false);
        }
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            co_return make_error(Errc::cancelled, "writing was cancelled");
        }
        watch_.begin(DeadlineWatch::Operation::write, deadline);
        auto [error] =
            co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, asio::as_tuple(asio::use_awaitable));
        bool passed = watch_.end(DeadlineWatch::Operation::write);
        if (error) co_return transport_error(error, passed);
    }
    co_return Result<void>();
}

TcpTransport::Pending TcpTransport::try_receive(std::span<char> buffer, std::size_t& received) noexcept {
    ssize_t result;
    do {
        result = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Pending::nothing : Pending::closed;
    received = static_cast<std::size_t>(result);
    return result == 0 ? Pending::closed : Pending::bytes;
}

TcpTransport::Pending TcpTransport::peek() noexcept {
    char byte;
    ssize_t result;
    do {
        result = ::recv(socket_.native_handle(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Pending::nothing : Pending::closed;
    return result == 0 ? Pending::closed : Pending::bytes;
}

std::size_t TcpTransport::try_send(std::string_view bytes) noexcept {
    auto sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return 0;
    bytes_sent_ += static_cast<std::uint64_t>(sent);
    return static_cast<std::size_t>(sent);
}

void TcpTransport::cancel() noexcept {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void TcpTransport::shutdown_send() noexcept {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void TcpTransport::close() noexcept {
    watch_.stop();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

}  // namespace sluice
