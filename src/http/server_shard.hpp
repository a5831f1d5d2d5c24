#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>

#include "http/session.hpp"
#include "net/shard.hpp"
#include "net/signal_event.hpp"

namespace sluice::http {

/// The connections of a server that live on one shard, and the timer that ends the slow ones. Thread: the shard's.
class ServerShard {
  public:
    ServerShard(Shard& shard, const Server::Options& options, const Handler& handler, const HeadCheck& head_check,
                std::atomic<std::size_t>& connections, BodyBudget& bodies);

    /// Takes over a connection, which has been counted.
    void serve(boost::asio::ip::tcp::socket socket);
    /// Lets running requests finish until the deadline, then ends them. Nothing is left afterwards.
    boost::asio::awaitable<void> stop(Deadline deadline);

  private:
    boost::asio::awaitable<void> run_connection(boost::asio::ip::tcp::socket socket);
    boost::asio::awaitable<void> sweep_sessions();

    Shard& shard_;
    const Server::Options& options_;
    std::atomic<std::size_t>& connections_;
    SessionHost host_;
    boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>> sessions_;
    TaskGroup tasks_;
    TaskGroup sweeper_;
    SignalEvent first_session_;  ///< ends the sweeper's sleep
    SignalEvent last_gone_;
};

}  // namespace sluice::http
