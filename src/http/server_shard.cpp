#include "http/server_shard.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "net/accept_stream.hpp"

namespace sluice::http {

namespace asio = boost::asio;

namespace {

/// Often enough that no timeout is overrun by more than an eighth, seldom enough to cost nothing.
std::chrono::milliseconds sweep_interval(const ServerLimits& limits) {
    auto shortest = std::min({limits.head_timeout, limits.body_timeout, limits.idle_timeout, limits.write_timeout});
    return std::clamp(shortest / 8, std::chrono::milliseconds(1), std::chrono::milliseconds(250));
}

/// Takes a connection out of the count, however it ends.
class Counted {
  public:
    explicit Counted(std::atomic<std::size_t>& count) : count_(count) {}
    ~Counted() { count_.fetch_sub(1, std::memory_order_relaxed); }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    std::atomic<std::size_t>& count_;
};

}  // namespace

ServerShard::ServerShard(Shard& shard, const Server::Options& options, const Handler& handler,
                         const HeadCheck& head_check, std::atomic<std::size_t>& connections, BodyBudget& bodies)
    : shard_(shard),
      options_(options),
      connections_(connections),
      host_{shard.io(), shard.index(), options, handler, head_check, bodies, {}, false},
      tasks_(shard.io()),
      sweeper_(shard.io()),
      first_session_(shard.io().get_executor()),
      last_gone_(shard.io().get_executor()) {}

void ServerShard::serve(asio::ip::tcp::socket socket) {
    SLUICE_ASSERT(shard_.is_current(), "a connection is served on its shard");
    if (sweeper_.size() == 0) sweeper_.spawn(sweep_sessions());
    tasks_.spawn(run_connection(std::move(socket)));
}

asio::awaitable<void> ServerShard::run_connection(asio::ip::tcp::socket socket) {
    Counted counted(connections_);
    std::unique_ptr<Stream> stream;
    if (options_.tls) {
        auto deadline = Deadline::after(options_.limits.head_timeout);
        auto accepted = co_await accept_tls_stream(std::move(socket), options_.tls, deadline);
        if (!accepted) co_return;  // a port scan, a health check, a client that does not trust us: its own affair
        stream = std::move(*accepted);
    } else {
        stream = make_plain_stream(std::move(socket));
    }
    {
        Session session(host_, std::move(stream));
        if (sessions_.empty()) first_session_.set();
        sessions_.push_back(session);
        co_await session.run();
    }
    if (sessions_.empty()) last_gone_.set();
}

asio::awaitable<void> ServerShard::sweep_sessions() {
    auto interval = sweep_interval(options_.limits);
    while (!host_.stopping || !sessions_.empty()) {
        auto wake = sessions_.empty() ? Deadline::never() : Deadline::after(interval);
        bool woken = co_await first_session_.wait(wake);
        if (!woken && sessions_.empty() && host_.stopping) co_return;
        auto now = Deadline::Clock::now();
        for (auto& session : sessions_) session.sweep(now);
    }
}

asio::awaitable<void> ServerShard::stop(Deadline deadline) {
    SLUICE_ASSERT(shard_.is_current(), "a shard's connections are stopped on it");
    host_.stopping = true;
    first_session_.set();
    for (auto& session : sessions_) session.begin_stop();
    while (!sessions_.empty()) {
        bool gone = co_await last_gone_.wait(deadline);
        if (!gone && deadline.passed()) break;
    }
    for (auto& session : sessions_) session.kill();
    tasks_.cancel();
    co_await tasks_.join();
    sweeper_.cancel();
    co_await sweeper_.join();
}

}  // namespace sluice::http
