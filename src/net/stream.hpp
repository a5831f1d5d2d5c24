#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice {

/// A connected byte stream, plain TCP or TLS. TLS runs over memory BIOs: a whole write is sealed into records first and
/// sent with as few system calls as it takes (measured: half the cost of SSL_write to the socket). Thread: its
/// io_context's. One read and one write may be outstanding.
class Stream {
  public:
    virtual ~Stream() = default;
    /// At least one byte, or 0 at the orderly end. Errc::timeout, Errc::cancelled, Errc::io (reset, lost),
    /// Errc::unavailable (TLS: ended without a goodbye, so what came may be cut), Errc::corrupt (TLS: what came is not
    /// TLS or was changed).
    virtual boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer, Deadline deadline) = 0;
    /// All of `parts`, in order. On an error some may have been sent.
    virtual boost::asio::awaitable<Result<void>> write(std::span<const std::string_view> parts, Deadline deadline) = 0;
    /// Ends an outstanding read and write with Errc::cancelled; the stream can still be used.
    virtual void cancel() noexcept = 0;
    /// Tells the peer that nothing more will be sent; what it sends can still be read.
    virtual void finish_writing() noexcept = 0;
    /// Sends what TLS asks for and closes; what is outstanding ends with Errc::cancelled. Never blocks.
    virtual void close() noexcept = 0;
    /// True when the peer has closed or sent something while the connection was idle: do not reuse.
    virtual bool is_stale() noexcept = 0;
    /// Bytes that the operating system has taken for sending, since the connection was made: equal before and after a
    /// failed write, the peer cannot have seen any of it.
    virtual std::uint64_t bytes_sent() const noexcept = 0;
    /// `TLSv1.3 TLS_AES_128_GCM_SHA256, certificate CN=…`; empty for plain TCP.
    virtual std::string tls_description() const = 0;
    virtual std::string remote_address() const = 0;
};

/// Client side of TLS for one set of settings: certificates verified against the host's name, TLS 1.2 or later,
/// sessions kept per endpoint for resumption. Thread: one shard.
class TlsClientContext {
  public:
    static Result<std::shared_ptr<TlsClientContext>> make(const TlsSettings& settings);
    virtual ~TlsClientContext() = default;
};

using ConnectResult = boost::system::result<std::unique_ptr<Stream>, ConnectError>;
/// Resolves, connects (all addresses in turn), goes through the proxy, does the TLS handshake.
boost::asio::awaitable<ConnectResult> connect_stream(boost::asio::io_context& io, Endpoint endpoint,
                                                     ConnectOptions options, std::shared_ptr<TlsClientContext> tls,
                                                     Deadline deadline);

/// Server side of TLS. Thread: any for accept contexts; the streams belong to a shard.
class TlsServerContext {
  public:
    /// From PEM files; the error names the file and what is wrong with it.
    static Result<std::shared_ptr<TlsServerContext>> from_files(const std::string& certificate, const std::string& key);
    /// The same from text.
    static Result<std::shared_ptr<TlsServerContext>> from_pem(const std::string& certificate, const std::string& key);
    /// A fresh self-signed certificate for loopback names, for sandboxes and tests; `certificate_pem` receives it so
    /// that clients can trust exactly it.
    static Result<std::shared_ptr<TlsServerContext>> self_signed(std::string& certificate_pem);
    virtual ~TlsServerContext() = default;
    /// Connections accepted from here on are shown the certificate of `other`; those there are go on. Thread: any.
    virtual void show_certificate_of(const TlsServerContext& other) = 0;
};

}  // namespace sluice
