#include <benchmark/benchmark.h>

#include "base/encoding.hpp"

namespace {

const std::string& envelope_sized() {
    static const std::string bytes(1800, 'x');
    return bytes;
}

void Base64OfAnEnvelope(benchmark::State& state) {
    std::string out(sluice::base64_size(envelope_sized().size()), '\0');
    for (auto _ : state) {
        sluice::base64_encode_to(out.data(), envelope_sized());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
}
BENCHMARK(Base64OfAnEnvelope);

void Sha256OfAKibibyte(benchmark::State& state) {
    std::string bytes(1024, 'x');
    for (auto _ : state) benchmark::DoNotOptimize(sluice::sha256(bytes));
}
BENCHMARK(Sha256OfAKibibyte);

void Crc32cOfAnEnvelope(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(sluice::crc32c(envelope_sized()));
}
BENCHMARK(Crc32cOfAnEnvelope);

}  // namespace
