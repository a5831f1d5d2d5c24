#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>

#include "net/openssl_ptr.hpp"
#include "net/stream.hpp"
#include "net/tcp_transport.hpp"
#include "net/tls_stream.hpp"

namespace sluice {

/// TlsClientContext over OpenSSL. Thread: one shard.
class OpenSslClientContext final : public TlsClientContext, public std::enable_shared_from_this<OpenSslClientContext> {
  public:
    OpenSslClientContext(SslContextPtr context, TlsSettings settings);

    /// Does the client's part of the handshake with `endpoint` over a connected transport.
    boost::asio::awaitable<ConnectResult> handshake(std::unique_ptr<TcpTransport> transport, Endpoint endpoint,
                                                    Deadline deadline);

  private:
    Result<SslPtr> prepare(const Endpoint& endpoint);
    static int keep_session(SSL* ssl, SSL_SESSION* session);

    SslContextPtr context_;
    TlsSettings settings_;
    std::map<Endpoint, SslSessionPtr> sessions_;  ///< the latest of each, for resumption
};

}  // namespace sluice
