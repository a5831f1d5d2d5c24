#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "net/endpoint.hpp"
#include "net/stream.hpp"

namespace sluice::http {

struct ClientRequest {
    std::string method = "POST";
    std::string target = "/";
    Headers headers;  ///< Host, Content-Length and Connection are added
    /// Body in pieces, sent as one; the views live until the call completes.
    std::vector<std::string_view> body;
    std::size_t max_response_bytes = 8 << 20;  ///< of its body
    /// For who goes by the status: a longer body is cut there instead of being an error; the rest is left unread, and
    /// the connection is not used again.
    bool truncate_response = false;
};

struct ClientResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

/// Why no response came. `maybe_sent` is true when the server may have acted on the request.
struct ClientError {
    enum class Step { wait_for_connection, resolve, connect, proxy, tls, send, receive };
    Step step = Step::connect;
    bool maybe_sent = false;
    Error error;
    /// `connection_refused`, `connection_reset`, `dns_failure`, `tls_certificate_expired`, `timeout`…: stable, for
    /// Failure::code.
    std::string code;
};

using ClientResult = boost::system::result<ClientResponse, ClientError>;

/// Keep-alive HTTP/1.1 connections to one endpoint, at most `max_connections`. No redirects are followed, nothing is
/// retried, with one exception: a request that failed on a reused connection before its first byte was sent goes to a
/// fresh one. Thread: one shard. Lifecycle: close() before destruction; outstanding sends complete with cancelled.
class ClientPool {
  public:
    struct Options {
        Endpoint endpoint;
        ConnectOptions connect;
        std::size_t max_connections = 8;
        std::chrono::seconds max_idle{50};  ///< services drop idle sockets after about a minute
    };
    ClientPool(boost::asio::io_context& io, Options options);
    ~ClientPool();

    /// Completes with a response, or an error by the deadline. Cancellable (terminal): the connection is then closed.
    boost::asio::awaitable<ClientResult> send(ClientRequest request, Deadline deadline);
    void close();

    const Endpoint& endpoint() const noexcept;
    std::size_t open_connections() const noexcept;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::http
