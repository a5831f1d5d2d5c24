// What it costs to find a value for a template, to skip a member, and to redact.
#include <benchmark/benchmark.h>

#include "json/find.hpp"
#include "json/sample_object.hpp"

namespace sluice::json {
namespace {

void FindPath(benchmark::State& state) {
    const std::string object = typical_object();
    const std::vector<std::string> path = {"data", "device", "id"};
    for (auto _ : state) benchmark::DoNotOptimize(find_path(object, path));
}
BENCHMARK(FindPath);

/// What taking an envelope apart does with its obj.
void SkipContainer(benchmark::State& state) {
    const std::string object = "{\"obj\":" + typical_object() + ",\"id\":1}";
    for (auto _ : state) benchmark::DoNotOptimize(find_member(object, "id"));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * object.size()));
}
BENCHMARK(SkipContainer);

void RemovePaths(benchmark::State& state) {
    const std::string object = typical_object();
    const std::vector<std::vector<std::string>> paths = {{"owner", "user"}, {"checksum"}};
    std::string out;
    for (auto _ : state) {
        out.clear();
        remove_paths_to(out, object, paths);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(RemovePaths);

/// A path that leads through an array, here of fifty objects.
void RemovePathsThroughAnArray(benchmark::State& state) {
    std::string object = "{\"readings\":[";
    for (int i = 0; i < 50; ++i) object += (i > 0 ? "," : "") + typical_object();
    object += "]}";
    const std::vector<std::vector<std::string>> paths = {{"readings", "owner", "user"}, {"readings", "checksum"}};
    std::string out;
    for (auto _ : state) {
        out.clear();
        remove_paths_to(out, object, paths);
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * object.size()));
}
BENCHMARK(RemovePathsThroughAnArray);

}  // namespace
}  // namespace sluice::json
