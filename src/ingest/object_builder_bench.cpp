#include "ingest/object_builder.hpp"

#include <benchmark/benchmark.h>

#include "base/encoding.hpp"
#include "json/validate.hpp"

namespace sluice {
namespace {

/// A sensor's reading of about `size` bytes, without white space.
std::string reading(std::size_t size) {
    std::string text = R"({"device":{"id":"70B3D57ED0001234","type":"occupancy"},"readings":[)";
    for (int i = 0; text.size() + 80 < size; ++i) {
        if (i > 0) text += ',';
        text += R"({"name":"temperature","value":21.)" + std::to_string(i % 90 + 10) + R"(,"unit":"°C"})";
    }
    return text + R"(],"battery":3.61,"ok":true})";
}

ObjectContext context() {
    ObjectContext context;
    context.author = {"com.acme", "tok-0123456789ab", "gateway", "203.0.113.9"};
    context.rec_type = "io.acme.building.temperature.unpacked";
    context.tags = {"Dublin", "floor-2"};
    return context;
}

constexpr std::size_t kBatch = 100;

/// Validation, hash and splice of one object of a request that has a hundred.
void build_objects(benchmark::State& state) {
    const std::string text = reading(static_cast<std::size_t>(state.range(0)));
    const ObjectContext shared = context();
    ObjectIdGenerator ids;
    for (auto _ : state) {
        EventBatch batch;
        ObjectBuilder builder(batch, shared, ids, from_epoch_ms(1'700'000'000'000), {});
        builder.reserve(kBatch * text.size(), kBatch);
        for (std::size_t i = 0; i < kBatch; ++i) {
            auto refusal = builder.add(text);
            benchmark::DoNotOptimize(refusal);
        }
        benchmark::DoNotOptimize(batch.bytes()->data());
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBatch));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kBatch * text.size()));
}
BENCHMARK(build_objects)->Arg(256)->Arg(1024)->Arg(8192);

void build_one_object(benchmark::State& state) {
    const std::string text = reading(1024);
    const ObjectContext shared = context();
    ObjectIdGenerator ids;
    for (auto _ : state) {
        EventBatch batch;
        ObjectBuilder builder(batch, shared, ids, from_epoch_ms(1'700'000'000'000), {});
        builder.reserve(text.size(), 1);
        auto refusal = builder.add(text);
        benchmark::DoNotOptimize(refusal);
    }
}
BENCHMARK(build_one_object);

/// The two parts that cannot be saved, to hold the whole against.
void validate_and_minify(benchmark::State& state) {
    const std::string text = reading(1024);
    std::string out;
    for (auto _ : state) {
        out.clear();
        auto error = json::minify_to(out, text, {});
        benchmark::DoNotOptimize(error);
    }
}
BENCHMARK(validate_and_minify);

void hash(benchmark::State& state) {
    const std::string text = reading(1024);
    for (auto _ : state) benchmark::DoNotOptimize(sha256(text));
}
BENCHMARK(hash);

}  // namespace
}  // namespace sluice
