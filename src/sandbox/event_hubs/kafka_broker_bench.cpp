#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>

#include "net/run_for_test.hpp"
#include "sandbox/event_hubs/kafka_broker.hpp"

namespace sluice::sandbox {
namespace {

/// What a Produce of 500 events of 1.8 KiB with seven headers costs without the network: reading the request and its
/// batch, placing, keeping, answering. Time per event; the sandbox must not bound what it measures.
void produce(benchmark::State& state, Keep keep) {
    constexpr int kEvents = 500;
    auto& clock = SystemClock::instance();
    ReceivedLog received({keep, std::size_t{64} << 20}, clock);
    FaultInjector faults;
    EntraTokens tokens({}, std::string(kSandboxNamespace));
    Access access({}, tokens);
    Hubs hubs({}, received);
    KafkaBroker broker(access, hubs, faults, clock);
    KafkaSession session;
    session.rights = Rights{{true, true, true}, {}, {}};
    boost::asio::io_context io;

    NewBatch batch;
    for (int i = 0; i < kEvents; i++) {
        auto& record = batch.records.emplace_back();
        record.key = "65f1a2b3c4d5e6f7a8b90001";
        record.value = std::string(1800, static_cast<char>('a' + i % 26));
        for (auto name : {"sluice-sequence", "sluice-time", "event_type", "obj_type", "recType", "id", "source"})
            record.headers.emplace_back(name, "2026-11-23T14:05:00.123Z");
    }
    KafkaWriter request;
    request.int16(static_cast<std::int16_t>(KafkaApi::produce));
    request.int16(7);
    request.int32(1);
    request.null_string();
    request.null_string();
    request.int16(-1);
    request.int32(1000);
    request.array(1);
    request.string(kSandboxHub);
    request.array(1);
    request.int32(0);
    request.bytes(write_record_batch(batch));
    for (auto _ : state) {
        auto frame = std::make_shared<const std::string>(request.view());  // as it is read from a connection
        auto reply = run_for_test(io, broker.handle(&session, std::move(frame)));
        if (reply.frame.empty()) state.SkipWithError("not answered");
    }
    if (received.total().items == 0) state.SkipWithError("nothing accepted");
    state.SetItemsProcessed(state.iterations() * kEvents);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(request.size()));
}

BENCHMARK_CAPTURE(produce, keep_all, Keep::all)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(produce, keep_digest, Keep::digest)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(produce, keep_none, Keep::none)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::sandbox
