#include "delivery/lane.hpp"

#include <benchmark/benchmark.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

/// One event through the lane: fed, sent in batches of 500, accepted, its slot used again. `keys` distinct keys.
void lane_step(benchmark::State& state, Ordering ordering, unsigned failing_percent) {
    LaneOptions options;
    options.limits.max_events = 500;
    options.limits.max_bytes = 5 << 20;
    options.limits.max_concurrent = 4;
    options.keyed = ordering == Ordering::key;
    options.batch.max_wait = 0ms;
    options.memory_bytes = 64 << 20;
    SteadyTime now{};
    Lane lane(options, Cursor{}, {}, now);
    auto why = std::make_shared<Failure>();
    why->target = "stream";
    const auto keys = static_cast<std::uint64_t>(state.range(0));
    std::uint64_t random = 88172645463325252u;
    std::vector<Verdict> verdicts(500, Verdict::accepted());
    Sequence sequence = 0;
    std::uint64_t events = 0;
    for (auto _ : state) {
        for (int i = 0; i < 500; ++i) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            lane.feed({++sequence, random % keys * 0x9e3779b97f4a7c15u, 0, 1800, 1800}, now);
        }
        now += 1ms;
        while (auto batch = lane.next_batch(now)) {
            std::size_t count = lane.batch(*batch).size();
            if (failing_percent > 0) {
                for (std::size_t i = 0; i < count; ++i) {
                    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                    verdicts[i] = random % 100 < failing_percent ? Verdict::retry(why) : Verdict::accepted();
                }
            }
            lane.settle(*batch, std::span(verdicts).first(count), now);
        }
        lane.drain_released([](SlotIndex) {});
        events += 500;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(events));
    state.counters["us_per_event"] = benchmark::Counter(static_cast<double>(events) / 1e6,
                                                        benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(lane_step, keyed, Ordering::key, 0)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(lane_step, unordered, Ordering::none, 0)->Arg(10'000);
BENCHMARK_CAPTURE(lane_step, one_in_a_hundred_fails, Ordering::key, 1)->Arg(10'000);

/// What a commit costs while 10,000 events are held behind 5,000 ranges.
void cursor_with_ranges(benchmark::State& state) {
    UnsettledEvents events(0, {});
    for (SlotIndex i = 0; i < 20'000; ++i) events.add(i, i + 1);
    for (SlotIndex i = 0; i < 20'000; i += 2) events.settle(i + 1);
    for (auto _ : state) benchmark::DoNotOptimize(events.settled_beyond());
}
BENCHMARK(cursor_with_ranges);

}  // namespace
}  // namespace sluice
