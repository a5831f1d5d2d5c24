#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

namespace sluice::http {

struct ServerLimits {
    std::size_t max_head_bytes = 16 << 10;  ///< 431
    std::size_t max_body_bytes = 16 << 20;  ///< 413, as sent and also after gunzip
    /// Of all bodies that are being read or not answered yet; 503. One that is alone is taken whatever this says.
    std::size_t max_bodies_in_memory = std::size_t{512} << 20;
    std::size_t max_connections = 10'000;            ///< further ones get 503 and are closed
    std::chrono::milliseconds head_timeout{10'000};  ///< from the first byte of a head to its end; 408
    /// Whole body; 408. An eighth of it, and 503, for a large one while most of max_bodies_in_memory is taken.
    std::chrono::milliseconds body_timeout{60'000};
    std::chrono::milliseconds idle_timeout{120'000};  ///< between requests: closed without a word
    std::chrono::milliseconds write_timeout{60'000};
};

/// Answers one request. Runs on the shard of the connection. Must not throw; a throw is answered 500 and logged.
using Handler = std::function<boost::asio::awaitable<Response>(Request)>;
/// Looked at before the body is read: a response here refuses the request (401, 413, 417…) and no `100 Continue` is
/// sent. `body` is empty in what it sees. It may leave what it worked out in `Request::checked`, for the handler.
using HeadCheck = std::function<std::optional<Response>(Request&)>;

/// HTTP/1.1 server: keep-alive, pipelining, chunked, Expect: 100-continue, gzip request bodies, HEAD and OPTIONS left
/// to the handler, half-closed clients answered. Strict about framing: both Content-Length and Transfer-Encoding,
/// repeated lengths, obsolete line folding, bad characters are 400 and close. Lifecycle: start() binds and accepts;
/// stop() stops accepting, lets running requests finish until the deadline, closes.
class Server {
  public:
    struct Options {
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;  ///< 0: any free one
        ServerLimits limits;
        std::shared_ptr<TlsServerContext> tls;  ///< null: plain
        /// Told what went wrong inside (a handler that threw, no file descriptors left), for the log. From any shard's
        /// thread.
        std::function<void(std::string_view)> report;
    };
    /// Connections are spread over all shards of the set, the handler runs on the connection's.
    Server(ShardSet& shards, Options options, Handler handler, HeadCheck head_check = {});
    ~Server();

    /// Errc::conflict `address already in use: 127.0.0.1:8080` and the like.
    Result<void> start();
    std::uint16_t port() const noexcept;
    /// Blocking, from a thread that is no shard.
    void stop(Deadline deadline);
    std::size_t open_connections() const noexcept;
    /// Of the bodies that count toward max_bodies_in_memory.
    std::size_t body_bytes() const noexcept;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::http
