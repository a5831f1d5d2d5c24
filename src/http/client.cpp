#include "http/client.hpp"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/intrusive/list.hpp>
#include <deque>

#include "base/assert.hpp"
#include "http/exchange.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice::http {

namespace asio = boost::asio;
namespace intrusive = boost::intrusive;

namespace {

using Step = ClientError::Step;
using Hook = intrusive::list_base_hook<intrusive::link_mode<intrusive::auto_unlink>>;
template <class T>
using List = intrusive::list<T, intrusive::constant_time_size<false>>;

ClientError closed_here(Step step) {
    return ClientError{step, false, make_error(Errc::cancelled, "the connections were closed here"), "cancelled"};
}

Step to_step(ConnectStep step) {
    switch (step) {
        case ConnectStep::resolve:
            return Step::resolve;
        case ConnectStep::connect:
            return Step::connect;
        case ConnectStep::proxy:
            return Step::proxy;
        case ConnectStep::tls:
            return Step::tls;
    }
    return Step::connect;
}

asio::awaitable<void> connect_into(std::optional<ConnectResult>& result, asio::io_context& io, Endpoint endpoint,
                                   ConnectOptions options, std::shared_ptr<TlsClientContext> tls, Deadline deadline) {
    auto connected = co_await connect_stream(io, std::move(endpoint), std::move(options), std::move(tls), deadline);
    result.emplace(std::move(connected));
}

}  // namespace

struct ClientPool::Impl : std::enable_shared_from_this<Impl> {
    /// Someone who waits for one of the places to become free. What it is granted: a connection, or, null, the right to
    /// open one.
    struct Waiter : Hook {
        explicit Waiter(asio::io_context& context) : granted(context.get_executor()) {}
        SignalEvent granted;
        std::unique_ptr<Stream> stream;
    };
    /// One of the places, while a request has it; goes back however the request ends.
    class Lease : public Hook {
      public:
        Lease(Impl& pool, std::unique_ptr<Stream> given) : stream(std::move(given)), pool_(pool.shared_from_this()) {
            pool.leases.push_back(*this);
        }
        ~Lease() { pool_->give_back(keep ? std::move(stream) : nullptr); }
        void abort() {
            if (connecting) connecting->cancel();
            if (stream) stream->close();
        }

        std::unique_ptr<Stream> stream;
        TaskGroup* connecting = nullptr;
        bool keep = false;  ///< the connection can be used again

      private:
        std::shared_ptr<Impl> pool_;
    };
    struct Idle {
        std::unique_ptr<Stream> stream;
        Deadline::Clock::time_point since;
    };

    Impl(asio::io_context& context, Options given) : io(context), options(std::move(given)), reaper(context) {
        SLUICE_ASSERT(options.max_connections > 0, "a pool has connections");
    }

    std::unique_ptr<Stream> take_idle();
    void give_back(std::unique_ptr<Stream> stream);
    void schedule_reaper();
    void reap();
    void close();

    asio::awaitable<boost::system::result<std::unique_ptr<Lease>, ClientError>> acquire(Deadline deadline);
    asio::awaitable<boost::system::result<void, ClientError>> connect(Lease& lease, Deadline deadline);
    static asio::awaitable<ClientResult> send(std::shared_ptr<Impl> self, ClientRequest request, Deadline deadline);

    asio::io_context& io;
    const Options options;
    std::shared_ptr<TlsClientContext> tls;  ///< made with the first connection: a pool may never need one
    std::size_t open = 0;                   ///< places taken: idle, leased, or granted
    std::deque<Idle> idle;                  ///< the longest idle first; the other end is used
    List<Waiter> waiters;
    List<Lease> leases;
    asio::steady_timer reaper;
    bool reaper_waits = false;
    bool closed = false;
};

std::unique_ptr<Stream> ClientPool::Impl::take_idle() {
    while (!idle.empty()) {
        auto stream = std::move(idle.back().stream);
        idle.pop_back();
        if (!stream->is_stale()) return stream;
        stream->close();
        --open;
    }
    return nullptr;
}

void ClientPool::Impl::give_back(std::unique_ptr<Stream> stream) {
    if (closed) stream.reset();
    if (!waiters.empty()) {
        auto& next = waiters.front();
        waiters.pop_front();
        next.stream = std::move(stream);
        next.granted.set();  // the place goes with it
        return;
    }
    if (!stream) {
        --open;
        return;
    }
    idle.push_back({std::move(stream), Deadline::Clock::now()});
    schedule_reaper();
}

void ClientPool::Impl::schedule_reaper() {
    if (reaper_waits || idle.empty()) return;
    reaper_waits = true;
    reaper.expires_at(idle.front().since + options.max_idle);
    reaper.async_wait([weak = weak_from_this()](boost::system::error_code) {
        if (auto self = weak.lock()) self->reap();
    });
}

void ClientPool::Impl::reap() {
    reaper_waits = false;
    auto now = Deadline::Clock::now();
    while (!idle.empty() && idle.front().since + options.max_idle <= now) {
        idle.front().stream->close();
        idle.pop_front();
        --open;
    }
    schedule_reaper();
}

void ClientPool::Impl::close() {
    if (std::exchange(closed, true)) return;
    for (auto& connection : idle) connection.stream->close();
    open -= idle.size();
    idle.clear();
    reaper.cancel();
    for (auto& lease : leases) lease.abort();
    // They find the pool closed, and take no place.
    while (!waiters.empty()) {
        auto& waiter = waiters.front();
        waiters.pop_front();
        ++open;
        waiter.granted.set();
    }
}

asio::awaitable<boost::system::result<std::unique_ptr<ClientPool::Impl::Lease>, ClientError>> ClientPool::Impl::acquire(
    Deadline deadline) {
    if (closed) co_return closed_here(Step::wait_for_connection);
    // Not past those who wait already.
    if (waiters.empty()) {
        auto stream = take_idle();
        if (stream || open < options.max_connections) {
            if (!stream) ++open;
            co_return std::make_unique<Lease>(*this, std::move(stream));
        }
    }
    Waiter waiter(io);
    waiters.push_back(waiter);
    bool granted = co_await waiter.granted.wait(deadline);
    if (granted) {
        auto lease = std::make_unique<Lease>(*this, std::move(waiter.stream));
        if (closed) co_return closed_here(Step::wait_for_connection);
        co_return lease;
    }
    waiter.unlink();
    if (deadline.passed()) {
        co_return ClientError{
            Step::wait_for_connection, false,
            make_error(Errc::timeout, fmt::format("all {} connections to {} were busy", options.max_connections,
                                                  options.endpoint.host_header())),
            "timeout"};
    }
    co_return closed_here(Step::wait_for_connection);
}

asio::awaitable<boost::system::result<void, ClientError>> ClientPool::Impl::connect(Lease& lease, Deadline deadline) {
    if (options.endpoint.tls && !tls) {
        auto made = TlsClientContext::make(options.connect.tls);
        if (!made) co_return ClientError{Step::tls, false, made.error(), "tls_failed"};
        tls = *made;
    }
    // In a task, so that close() can cancel it.
    std::optional<ConnectResult> result;
    TaskGroup group(io);
    group.spawn(connect_into(result, io, options.endpoint, options.connect, tls, deadline));
    lease.connecting = &group;
    co_await group.join_or_cancel();
    lease.connecting = nullptr;
    if (closed) co_return closed_here(Step::connect);
    if (!*result) {
        auto failed = result->error();
        co_return ClientError{to_step(failed.step), false, failed.error, failed.code};
    }
    lease.stream = std::move(**result);
    co_return boost::system::result<void, ClientError>();
}

asio::awaitable<ClientResult> ClientPool::Impl::send(std::shared_ptr<Impl> self, ClientRequest request,
                                                     Deadline deadline) {
    bool absolute_target = self->options.connect.proxy && !self->options.endpoint.tls;
    auto head = serialize_request_head(request, self->options.endpoint, absolute_target);
    if (!head) co_return ClientError{Step::send, false, head.error(), "bad_request"};
    while (true) {
        auto lease = co_await self->acquire(deadline);
        if (!lease) co_return lease.error();
        bool reused = (*lease)->stream != nullptr;
        if (!reused) {
            auto connected = co_await self->connect(**lease, deadline);
            if (!connected) co_return connected.error();
        }
        if (deadline.passed()) {
            (*lease)->keep = true;
            co_return ClientError{Step::send, false,
                                  make_error(Errc::timeout, "the time for the request was over before it was sent"),
                                  "timeout"};
        }
        auto exchanged = co_await exchange(*(*lease)->stream, request, *head, deadline);
        if (exchanged) {
            (*lease)->keep = exchanged->reusable;
            co_return std::move(exchanged->response);
        }
        auto failed = exchanged.error();
        if (self->closed) {
            auto ended = closed_here(failed.step);
            ended.maybe_sent = failed.maybe_sent;
            co_return ended;
        }
        // The server closed it between the look and the first byte: nothing has happened yet.
        bool untouched = reused && failed.step == Step::send && !failed.maybe_sent && failed.error.code == Errc::io;
        if (!untouched) co_return failed;
    }
}

ClientPool::ClientPool(asio::io_context& io, Options options) : impl_(std::make_shared<Impl>(io, std::move(options))) {}

ClientPool::~ClientPool() {
    impl_->close();
}

asio::awaitable<ClientResult> ClientPool::send(ClientRequest request, Deadline deadline) {
    return Impl::send(impl_, std::move(request), deadline);
}

void ClientPool::close() {
    impl_->close();
}

const Endpoint& ClientPool::endpoint() const noexcept {
    return impl_->options.endpoint;
}

std::size_t ClientPool::open_connections() const noexcept {
    return impl_->open;
}

}  // namespace sluice::http
