#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mqtt/packet.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"
#include "net/stream.hpp"

namespace sluice::mqtt {

/// Why there is no connection.
struct OpenError {
    std::optional<ConnectError> network;  ///< on the way there; nothing was said to the server then
    std::optional<ConnectCode> refused;   ///< the server's answer to CONNECT
    Error error;
    /// Stable: net's codes, `connection_closed`, `connection_lost`, `not_mqtt`, `timeout`, `cancelled`; empty when
    /// refused.
    std::string code;
};

/// How a connection ended.
struct Lost {
    enum class Cause {
        closed_by_server,  ///< or reset: MQTT 3.1.1 has no other way to say no
        io,                ///< something on the way
        not_mqtt,          ///< what came is not MQTT, or acknowledges what was never sent
        silence,           ///< no answer to a ping
        deadline,          ///< what was published was not acknowledged in time
        cancelled,
        closed_here,
    };
    Cause cause = Cause::io;
    Error error;
    /// Stable: `connection_closed`, `connection_lost`, `not_mqtt`, `no_ping_answer`, `timeout`, `cancelled`, `closed`.
    std::string code;
};

/// What is published: views that live until publish() completes.
struct Outgoing {
    std::string_view topic;
    std::string_view payload;
};

/// What became of the messages of one publish(): the first `acknowledged` of them are with the server. Of the rest
/// nobody knows, if `maybe_sent`; else none was sent. Without `lost` all were acknowledged.
struct Published {
    std::size_t acknowledged = 0;
    bool maybe_sent = false;
    std::optional<Lost> lost;
    /// The longest that the server let pass between two acknowledgements, or has by now.
    std::chrono::steady_clock::duration slowest{};
};

/// One connection to an MQTT server on which messages are published with QoS 1. Several publish() calls may be running;
/// the messages of one stand together on the wire, in their order, all of them under way at once: their number is the
/// caller's window. What the server publishes to us is passed over without an acknowledgement.
/// Ownership: one owner. Thread: one shard. Lifecycle: open(), use, close() awaited before destruction; a connection
/// that was lost must be closed too. Reads in a task of its own, so nothing needs to run for it.
class Connection {
  public:
    using Clock = std::chrono::steady_clock;
    using Opened = boost::system::result<std::unique_ptr<Connection>, OpenError>;

    /// Connects, says `hello`, and completes with the server's answer. `tls` is needed for a TLS endpoint. At most
    /// 65,535 messages may be under way at a time.
    static boost::asio::awaitable<Opened> open(boost::asio::io_context& io, Endpoint endpoint, ConnectOptions options,
                                               std::shared_ptr<TlsClientContext> tls, Connect hello, Deadline deadline);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Completes when all are acknowledged, or the connection is lost; by the deadline the connection is given up, and
    /// so it is when this is cancelled (terminal), unless nothing was written yet. A topic that MQTT cannot carry is
    /// told as `lost` with Errc::invalid_argument, and nothing was sent.
    boost::asio::awaitable<Published> publish(std::span<const Outgoing> messages, Deadline deadline);

    /// To be called now and then: pings a server that has heard nothing for half of the keep-alive time of `hello`, and
    /// gives up one that has not answered a ping for that long.
    void keep_alive();

    bool is_open() const noexcept;
    const std::optional<Lost>& lost() const noexcept;
    /// Messages that were written and are not acknowledged.
    std::size_t in_flight() const noexcept;
    Clock::time_point opened_at() const noexcept;
    std::string tls_description() const;
    std::string remote_address() const;

    /// Says goodbye where it still can, by the deadline, and ends. Idempotent.
    boost::asio::awaitable<void> close(Deadline deadline);

  private:
    struct Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::mqtt
