#include "sandbox/aws/aws_service.hpp"

#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>

#include "net/run_for_test.hpp"
#include "sandbox/aws/signed_request_for_test.hpp"

namespace sluice::sandbox {
namespace {

/// What a PutRecords of 500 records of 1.8 KiB costs without the network: signature, reading, placing, keeping,
/// answering. Time per record; the sandbox must not bound what it measures.
void put_records(benchmark::State& state, Keep keep) {
    constexpr int kRecords = 500;
    auto& clock = SystemClock::instance();
    ReceivedLog received({keep, std::size_t{64} << 20}, clock);
    FaultInjector faults;
    AwsService aws({}, 1, received, faults, clock);
    boost::asio::io_context io;
    std::string body = R"({"StreamName":"events","Records":[)";
    for (int i = 0; i < kRecords; i++)
        body += fmt::format(R"({}{{"Data":"{}","PartitionKey":"65f1a2b3c4d5e6f7a8b9{:04}"}})", i == 0 ? "" : ",",
                            base64_encode(std::string(1800, static_cast<char>('a' + i % 26))), i);
    body += "]}";
    auto request = signed_request(sandbox_key(), "kinesis", "Kinesis_20131202.PutRecords", body, clock.now());
    for (auto _ : state) {
        auto outcome = run_for_test(io, aws.handle(request));
        if (outcome.response.status != 200) state.SkipWithError(outcome.response.body.c_str());
    }
    state.SetItemsProcessed(state.iterations() * kRecords);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

BENCHMARK_CAPTURE(put_records, keep_all, Keep::all)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(put_records, keep_digest, Keep::digest)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(put_records, keep_none, Keep::none)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::sandbox
