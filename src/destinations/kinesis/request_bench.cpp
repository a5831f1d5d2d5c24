#include <benchmark/benchmark.h>

#include "auth/sigv4.hpp"
#include "base/encoding.hpp"
#include "destination/test_batch.hpp"
#include "destinations/kinesis/request.hpp"
#include "destinations/kinesis/response.hpp"

namespace sluice::kinesis {
namespace {

constexpr std::size_t kEvents = 500;
constexpr std::size_t kPadding = 1700;  // an envelope of about 1.8 KiB

std::vector<Message> batch_of(TestBatch& batch, std::size_t events_per_key) {
    for (std::size_t i = 0; i < kEvents; ++i) {
        batch.add("64f0c2a9e13b9a0007f4d" + std::to_string(100 + i),
                  "64f0c2a9e13b9a0007f4e" + std::to_string(100 + i / events_per_key), kPadding);
    }
    std::vector<Message> messages(batch.messages().begin(), batch.messages().end());
    for (auto& message : messages) message.target = "building-events";
    return messages;
}

void report(benchmark::State& state, std::span<const Message> messages) {
    std::size_t bytes = 0;
    for (const auto& message : messages) bytes += message.body.size();
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * messages.size()));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

void build(benchmark::State& state, Aggregation aggregation, std::size_t events_per_key) {
    Config config;
    config.aggregation = aggregation;
    TestBatch batch;
    auto messages = batch_of(batch, events_per_key);
    PutRecordsBuilder builder(config);
    for (auto _ : state) {
        auto request = builder.build(messages);
        benchmark::DoNotOptimize(request.body.data());
    }
    report(state, messages);
}

/// Base64 and JSON around it.
void BuildRequest(benchmark::State& state) {
    build(state, Aggregation::none, 1);
}
BENCHMARK(BuildRequest);

void BuildAggregatedRequest(benchmark::State& state) {
    build(state, Aggregation::kpl, 10);
}
BENCHMARK(BuildAggregatedRequest);

/// All that a request costs before it is sent: the body, its hash, its signature.
void BuildHashAndSignRequest(benchmark::State& state) {
    Config config;
    TestBatch batch;
    auto messages = batch_of(batch, 1);
    PutRecordsBuilder builder(config);
    auth::SigV4Signer signer("eu-west-1", "kinesis");
    auth::AwsCredentials credentials;
    credentials.access_key_id = "AKIDEXAMPLE";
    credentials.secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    for (auto _ : state) {
        auto request = builder.build(messages);
        auto hash = hex_lower(as_view(sha256(request.body)));
        auth::SigV4Signer::Request to_sign;
        to_sign.headers = {{"Host", "kinesis.eu-west-1.amazonaws.com"},
                           {"Content-Type", kContentType},
                           {"X-Amz-Target", kPutRecordsTarget}};
        to_sign.payload_sha256_hex = hash;
        auto signature = signer.sign(to_sign, credentials, from_epoch_ms(1'795'356'300'123));
        benchmark::DoNotOptimize(signature.authorization.data());
    }
    report(state, messages);
}
BENCHMARK(BuildHashAndSignRequest);

void ReadResponse(benchmark::State& state) {
    std::string body = R"({"EncryptionType":"NONE","FailedRecordCount":0,"Records":[)";
    for (std::size_t i = 0; i < kEvents; ++i) {
        body += i == 0 ? "" : ",";
        body += R"({"SequenceNumber":"49543463076548007577105092703039560359975228518395012686",)"
                R"("ShardId":"shardId-000000000000"})";
    }
    body += "]}";
    PutRecordsResponse response;
    for (auto _ : state) {
        auto verdicts = response.read(body, kEvents, "building-events", "eu-west-1");
        benchmark::DoNotOptimize(verdicts.data());
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kEvents));
}
BENCHMARK(ReadResponse);

}  // namespace
}  // namespace sluice::kinesis
