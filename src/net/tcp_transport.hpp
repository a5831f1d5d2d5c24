#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/deadline.hpp"
#include "net/deadline_watch.hpp"

namespace sluice {

/// A connected TCP socket whose operations end by a deadline: what the streams, plain and TLS, stand on.
/// Thread: its io_context's. One receive and one send may be outstanding; when either passes its deadline, both end.
class TcpTransport {
  public:
    enum class Pending { nothing, bytes, closed };

    explicit TcpTransport(boost::asio::ip::tcp::socket socket);
    TcpTransport(const TcpTransport&) = delete;
    TcpTransport& operator=(const TcpTransport&) = delete;

    /// At least one byte, or 0 at the end of what the peer sends.
    boost::asio::awaitable<Result<std::size_t>> receive(std::span<char> buffer, Deadline deadline);
    /// All of `parts`, with as few system calls as the socket's buffer allows. What they view lives until it completes.
    boost::asio::awaitable<Result<void>> send(std::span<const std::string_view> parts, Deadline deadline);

    /// Takes what is there, without waiting. `received` is set with Pending::bytes.
    Pending try_receive(std::span<char> buffer, std::size_t& received) noexcept;
    /// Looks at what is there and leaves it.
    Pending peek() noexcept;
    /// Gives the kernel what it takes, without waiting: how many bytes, 0 when none.
    std::size_t try_send(std::string_view bytes) noexcept;

    void cancel() noexcept;
    void shutdown_send() noexcept;
    void close() noexcept;

    std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
    const std::string& remote_address() const noexcept { return remote_address_; }

  private:
    boost::asio::ip::tcp::socket socket_;
    DeadlineWatch watch_;
    std::uint64_t bytes_sent_ = 0;
    std::string remote_address_;
};

}  // namespace sluice
