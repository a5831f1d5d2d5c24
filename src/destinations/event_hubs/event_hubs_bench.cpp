#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <string>

#include "destination/test_batch.hpp"
#include "destinations/event_hubs/https_request.hpp"
#include "destinations/event_hubs/kafka_destination.hpp"
#include "destinations/event_hubs/mock_namespace.hpp"
#include "net/run_for_test.hpp"

namespace sluice::event_hubs {
namespace {

constexpr std::size_t kEvents = 500;
constexpr std::size_t kPadding = 1700;  // an envelope of about 1.8 KiB

void fill(TestBatch& batch, std::size_t events = kEvents) {
    batch.rec_type = "rooms";
    for (std::size_t i = 0; i < events; ++i) batch.add(fmt::format("64f0c2a9e13b9a0007f4d{:03}", i), {}, kPadding);
}

Config config_for(const DestinationContext& context, std::uint16_t port, std::size_t string) {
    auto config =
        parse_config(
            {{"type", "event_hubs"},
             {"connection_string", fmt::format("Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root{};"
                                               "SharedAccessKey=c2VjcmV0",
                                               string)},
             {"create_hubs", false},
             {"endpoint", fmt::format("http://127.0.0.1:{}", port)}},
            context)
            .value();
    config.sasl = false;
    return config;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + time.tv_usec / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// `Threads` (a count) or `VmRSS` (KiB) of this process.
double of_process(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1));
    return 0;
}

/// Whole deliveries, one batch after the other, against librdkafka's mock cluster in this process: its share of the CPU
/// is included.
void kafka_deliver(benchmark::State& state) {
    boost::asio::io_context io{1};
    MockNamespace service("rooms", 4);
    ProducerPool pool;
    DestinationContext context{io, SystemClock::instance(), "acme"};
    KafkaDestination destination(io, SystemClock::instance(), config_for(context, service.port(), 0), pool);
    TestBatch batch;
    fill(batch);
    batch.aim(destination);
    auto cpu = cpu_seconds();
    for (auto _ : state) {
        auto verdicts =
            run_for_test(io, destination.deliver(batch.messages(), Deadline::after(std::chrono::seconds(20))));
        for (const auto& verdict : verdicts)
            if (verdict.kind != Verdict::Kind::accepted) state.SkipWithError("an event was not accepted");
    }
    auto events = static_cast<double>(state.iterations()) * kEvents;
    state.SetItemsProcessed(static_cast<std::int64_t>(events));
    state.counters["cpu_s_per_million"] = (cpu_seconds() - cpu) / events * 1e6;
    run_for_test(io, destination.close());
}
BENCHMARK(kafka_deliver)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Integrations that each deliver one event; what they cost in threads and memory then. The first argument is how many,
/// the second whether they share a connection string.
void kafka_integrations(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const bool shared = state.range(1) != 0;
    for (auto _ : state) {
        boost::asio::io_context io{1};
        MockNamespace service("rooms", 4);
        ProducerPool pool;
        DestinationContext context{io, SystemClock::instance(), "acme"};
        auto threads = of_process("Threads");
        auto memory = of_process("VmRSS");
        std::vector<std::unique_ptr<KafkaDestination>> all;
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(std::make_unique<KafkaDestination>(
                io, SystemClock::instance(), config_for(context, service.port(), shared ? 0 : i), pool));
        }
        state.counters["idle_KiB_each"] = (of_process("VmRSS") - memory) / static_cast<double>(count);
        state.counters["idle_threads"] = of_process("Threads") - threads;
        for (auto& destination : all) {
            TestBatch batch;
            fill(batch, 1);
            batch.aim(*destination);
            auto deadline = Deadline::after(std::chrono::seconds(20));
            auto verdicts = run_for_test(io, destination->deliver(batch.messages(), deadline));
            if (verdicts[0].kind != Verdict::Kind::accepted) state.SkipWithError("an event was not accepted");
        }
        state.counters["threads"] = of_process("Threads") - threads;
        state.counters["KiB_each"] = (of_process("VmRSS") - memory) / static_cast<double>(count);
        for (auto& destination : all) run_for_test(io, destination->close());
    }
}
BENCHMARK(kafka_integrations)
    ->Args({100, 1})
    ->Args({1000, 1})
    ->Args({100, 0})
    ->Args({1000, 0})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// What TLS adds to a producer: the authorities that it trusts.
void kafka_tls_producers(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    boost::asio::io_context io{1};
    DestinationContext context{io, SystemClock::instance(), "acme"};
    auto config = config_for(context, 9, 0);
    config.endpoint.tls = true;
    const ProducerSettings settings(config);
    for (auto _ : state) {
        auto memory = of_process("VmRSS");
        std::vector<std::shared_ptr<Producer>> all;
        for (std::size_t i = 0; i < count; ++i)
            all.push_back(Producer::make(settings, [](Producer* last) { delete last; }).value());
        state.counters["KiB_each"] = (of_process("VmRSS") - memory) / static_cast<double>(count);
    }
}
BENCHMARK(kafka_tls_producers)->Arg(100)->Iterations(1)->Unit(benchmark::kMillisecond);

void https_encode(benchmark::State& state) {
    Config config;
    config.content_type = "application/json";
    config.keyed = false;
    TestBatch batch;
    fill(batch);
    for (auto _ : state) {
        auto body = batch_body(batch.messages(), config);
        benchmark::DoNotOptimize(body.data());
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kEvents));
}
BENCHMARK(https_encode);

}  // namespace
}  // namespace sluice::event_hubs
