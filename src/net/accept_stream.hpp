#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "base/result.hpp"
#include "net/deadline.hpp"
#include "net/stream.hpp"

namespace sluice {

/// A stream over an accepted socket. Thread: the socket's io_context's.
std::unique_ptr<Stream> make_plain_stream(boost::asio::ip::tcp::socket socket);

/// Does the server's part of the TLS handshake. Errc::corrupt when the peer speaks something else, says no, or breaks
/// off.
boost::asio::awaitable<Result<std::unique_ptr<Stream>>> accept_tls_stream(boost::asio::ip::tcp::socket socket,
                                                                          std::shared_ptr<TlsServerContext> context,
                                                                          Deadline deadline);

}  // namespace sluice
