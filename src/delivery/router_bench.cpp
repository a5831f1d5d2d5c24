#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "delivery/router.hpp"

namespace sluice {
namespace {

/// One event routed among many integrations of many orgs, one of which wants it.
void route_one(benchmark::State& state) {
    Router router;
    const auto integrations = static_cast<Router::Subscriber>(state.range(0));
    for (Router::Subscriber i = 0; i < integrations; ++i) {
        EventFilter filter;
        filter.orgs = {"com.customer" + std::to_string(i)};
        filter.rec_types = {"io.acme.contact.**", "io.*.unpacked.event"};
        router.add(i, filter);
    }
    std::vector<std::string> orgs;
    for (Router::Subscriber i = 0; i < std::min<Router::Subscriber>(integrations, 64); ++i)
        orgs.push_back("com.customer" + std::to_string(i));
    EventView event;
    event.rec_type = "io.acme.contact.unpacked.event";
    event.object_type = ObjectType::objs;
    std::size_t at = 0;
    for (auto _ : state) {
        event.org = orgs[at++ % orgs.size()];
        benchmark::DoNotOptimize(router.match(event).size());
    }
}
BENCHMARK(route_one)->Arg(1)->Arg(1'000)->Arg(10'000);

/// One event that nobody asked for.
void route_none(benchmark::State& state) {
    Router router;
    for (Router::Subscriber i = 0; i < 1'000; ++i) {
        EventFilter filter;
        filter.orgs = {"com.customer" + std::to_string(i)};
        router.add(i, filter);
    }
    EventView event;
    event.org = "com.somebody.else";
    event.rec_type = "io.acme.contact";
    for (auto _ : state) benchmark::DoNotOptimize(router.match(event).size());
}
BENCHMARK(route_none);

}  // namespace
}  // namespace sluice
