// A server and 64 keep-alive clients on loopback in one process, each side on a thread of its own, so that the thread's
// CPU clock tells what each costs. The clients write ready bytes and read with as little code as epoll allows.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <boost/asio/post.hpp>
#include <future>
#include <string>
#include <vector>

#include "http/server.hpp"

namespace sluice::http {
namespace {

constexpr int kConnections = 64;

double cpu_seconds(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// The CPU clock of a shard's thread.
clockid_t clock_of(Shard& shard) {
    std::promise<clockid_t> clock;
    boost::asio::post(shard.io(), [&clock] {
        clockid_t own{};
        pthread_getcpuclockid(pthread_self(), &own);
        clock.set_value(own);
    });
    return clock.get_future().get();
}

boost::asio::awaitable<Response> created(Request request) {
    benchmark::DoNotOptimize(request.body.data());
    co_return Response::json(201, R"({"id":"0123456789abcdef01234567"})");
}

class Clients {
  public:
    Clients(std::uint16_t port, std::string request) : request_(std::move(request)), poll_(::epoll_create1(0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        for (int i = 0; i < kConnections; ++i) {
            int socket = ::socket(AF_INET, SOCK_STREAM, 0);
            if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.fd = socket;
            ::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event);
            sockets_.push_back(socket);
        }
    }
    ~Clients() {
        for (int socket : sockets_) ::close(socket);
        ::close(poll_);
    }

    /// One request on every connection, and all answers.
    void round() {
        for (int socket : sockets_) send_all(socket);
        int answered = 0;
        std::array<epoll_event, kConnections> events;
        std::array<char, 4096> buffer;
        while (answered < kConnections) {
            int ready = ::epoll_wait(poll_, events.data(), kConnections, -1);
            for (int i = 0; i < ready; ++i) {
                // An answer is small and sent at once: it comes in one piece.
                if (::recv(events[i].data.fd, buffer.data(), buffer.size(), 0) <= 0) std::abort();
                ++answered;
            }
        }
    }

  private:
    void send_all(int socket) {
        std::string_view rest = request_;
        while (!rest.empty()) {
            auto sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent <= 0) std::abort();
            rest.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    std::string request_;
    int poll_;
    std::vector<int> sockets_;
};

void BM_Post(benchmark::State& state) {
    auto body_bytes = static_cast<std::size_t>(state.range(0));
    ShardSet shards(1);
    Server server(shards, {}, created);
    shards.start();
    if (!server.start()) std::abort();
    auto server_clock = clock_of(shards[0]);
    Clients clients(
        server.port(),
        fmt::format("POST /share/io.example.unpacked HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\n"
                    "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\nContent-Type: application/json\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    body_bytes, std::string(body_bytes, 'x')));
    clients.round();
    auto server_before = cpu_seconds(server_clock);
    auto client_before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    for (auto _ : state) clients.round();
    auto requests = static_cast<double>(state.iterations()) * kConnections;
    auto server_us = (cpu_seconds(server_clock) - server_before) * 1e6;
    state.counters["server_us_per_request"] = server_us / requests;
    state.counters["server_us_per_KiB"] = server_us / requests / (static_cast<double>(body_bytes) / 1024);
    state.counters["client_us_per_request"] = (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - client_before) * 1e6 / requests;
    state.SetItemsProcessed(static_cast<std::int64_t>(requests));
    server.stop(Deadline::after({}));
}
BENCHMARK(BM_Post)->Arg(200)->Arg(1024)->Arg(100 << 10)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::http
