// What an event costs on its way to Pub/Sub. The service is a process of its own, so that CPU time is Sluice's alone.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>
#include <memory>

#include "auth/google_key_for_test.hpp"
#include "base/clock.hpp"
#include "destination/test_batch.hpp"
#include "destinations/pubsub/factory.hpp"
#include "destinations/pubsub/fake_service.hpp"
#include "destinations/pubsub/request.hpp"

namespace sluice::pubsub {
namespace {

constexpr std::size_t kBatch = 500;
constexpr std::size_t kPadding = 1500;  // an envelope of 1.8 KiB or so, as the end-to-end figures have
constexpr std::size_t kAtATime = 4;     // batches under way

/// A fake service in a child process, forked before gRPC starts any thread here. Ends with this process.
class ServiceProcess {
  public:
    ServiceProcess() {
        int port_pipe[2], life_pipe[2];
        if (::pipe(port_pipe) != 0 || ::pipe(life_pipe) != 0) std::abort();
        child_ = ::fork();
        if (child_ == 0) {
            ::close(life_pipe[1]);
            {
                FakeService service;
                service.keep_nothing();
                std::uint16_t port = service.port();
                char never = 0;
                if (::write(port_pipe[1], &port, sizeof(port)) == sizeof(port)) {
                    [[maybe_unused]] auto ended = ::read(life_pipe[0], &never, 1);
                }
            }
            ::_exit(0);
        }
        ::close(life_pipe[0]);
        life_ = life_pipe[1];
        if (::read(port_pipe[0], &port_, sizeof(port_)) != sizeof(port_)) std::abort();
    }
    ~ServiceProcess() {
        ::close(life_);
        ::waitpid(child_, nullptr, 0);
    }
    std::uint16_t port() const noexcept { return port_; }

  private:
    pid_t child_ = 0;
    int life_ = -1;
    std::uint16_t port_ = 0;
};

const ServiceProcess kService;

TestBatch batch_of(std::size_t keys) {
    TestBatch batch;
    for (std::size_t i = 0; i < kBatch; ++i) {
        // A key's events stand together, as the lane hands them over.
        batch.add(fmt::format("object-{}", i), fmt::format("key-{}", i * keys / kBatch), kPadding);
    }
    return batch;
}

void Encode(benchmark::State& state) {
    auto batch = batch_of(1);
    MessageForm form;
    auto groups = group_by_key(form, batch.messages());
    for (auto _ : state) {
        auto bytes = publish_request("projects/demo/topics/io.acme.room", form, batch.messages(), groups[0]);
        benchmark::DoNotOptimize(bytes.data());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(Encode);

/// Batches of 500 events with so many keys among them; 0: without ordering keys.
void Deliver(benchmark::State& state) {
    const auto keys = static_cast<std::size_t>(state.range(0));
    boost::asio::io_context io{1};
    DestinationContext context{io, SystemClock::instance(), "bench"};
    boost::json::object settings{{"type", "pubsub"},
                                 {"ordering_keys", keys > 0},
                                 {"endpoint", fmt::format("http://127.0.0.1:{}", kService.port())},
                                 {"credentials", auth::service_account_for_test()}};
    auto destination = pubsub_kind().make(settings, context).value();
    auto batch = batch_of(std::max<std::size_t>(keys, 1));
    batch.aim(*destination);
    std::size_t refused = 0;
    auto count = [&refused](std::exception_ptr, std::vector<Verdict> verdicts) {
        for (const auto& verdict : verdicts) refused += verdict.kind != Verdict::Kind::accepted;
    };
    for (auto _ : state) {
        for (std::size_t i = 0; i < kAtATime; ++i) {
            boost::asio::co_spawn(io, destination->deliver(batch.messages(), Deadline::never()), count);
        }
        io.restart();
        io.run();
    }
    if (refused > 0) state.SkipWithError("the service refused events");
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kAtATime * kBatch));
}
BENCHMARK(Deliver)
    ->ArgName("keys")
    ->Arg(0)
    ->Arg(1)
    ->Arg(10)
    ->Arg(50)
    ->Arg(500)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::pubsub
