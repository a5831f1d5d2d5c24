#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "net/stream.hpp"
#include "net/tcp_transport.hpp"
#include "net/tls_engine.hpp"

namespace sluice {

/// TLS over TCP, either side. Whole writes are sealed, 256 KiB at a time, before they are sent.
class TlsStream final : public Stream {
  public:
    /// `owner` is what the SSL object points into; it lives as long as the stream.
    TlsStream(std::unique_ptr<TcpTransport> transport, SslPtr ssl, std::shared_ptr<void> owner);

    /// Errc::corrupt when TLS fails; why a certificate was refused is in the SSL object.
    boost::asio::awaitable<Result<void>> handshake(Deadline deadline);

    boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer, Deadline deadline) override;
    boost::asio::awaitable<Result<void>> write(std::span<const std::string_view> parts, Deadline deadline) override;
    void cancel() noexcept override { transport_->cancel(); }
    void finish_writing() noexcept override;
    void close() noexcept override;
    bool is_stale() noexcept override;
    std::uint64_t bytes_sent() const noexcept override { return transport_->bytes_sent(); }
    std::string tls_description() const override;
    std::string remote_address() const override { return transport_->remote_address(); }

    SSL* ssl() const noexcept { return engine_.ssl(); }

  private:
    boost::asio::awaitable<Result<void>> send_output(Deadline deadline);
    boost::asio::awaitable<Result<std::size_t>> receive_input(Deadline deadline);
    void try_send_output() noexcept;

    std::shared_ptr<void> owner_;
    std::unique_ptr<TcpTransport> transport_;
    TlsEngine engine_;
    std::unique_ptr<char[]> received_;
    std::size_t received_size_ = 0;
    bool sending_ = false;
};

}  // namespace sluice
