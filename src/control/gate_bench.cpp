// What letting a request in costs: ten thousand tokens, with and without a limit, one thread and several on one token.
#include <benchmark/benchmark.h>

#include "control/gate.hpp"
#include "control/memory_control_store.hpp"

namespace sluice {
namespace {

constexpr std::size_t kTokens = 10'000;

struct Door {
    explicit Door(RateLimit rate) : access({store, blocking, SystemClock::instance()}) {
        AccessDirectory::FromFile file;
        file.rate = rate;
        for (std::size_t i = 0; i < kTokens; ++i) {
            TokenDefinition token;
            token.name = "token-" + std::to_string(i);
            token.org = "com.acme";
            token.scopes = static_cast<std::uint32_t>(Scope::share_create);
            token.token = Secret("text-of-token-" + std::to_string(i));
            file.tokens.push_back(std::move(token));
        }
        access.load(std::move(file), admin_token(store, Secret("admin-token-of-the-bench")).value()).value();
    }
    MemoryControlStore store;
    BlockingPool blocking{"changes", 1};
    AccessDirectory access;
    Gate gate{access, SystemClock::instance(), 16, 600};
};

void admit(benchmark::State& state, RateLimit rate) {
    static std::map<std::uint32_t, std::unique_ptr<Door>> doors;
    static std::mutex mutex;
    Door* door = nullptr;
    {
        std::lock_guard lock(mutex);
        auto& made = doors[rate.per_second];
        if (!made) made = std::make_unique<Door>(rate);
        door = made.get();
    }
    http::Request request;
    request.remote_address = "203.0.113.9";
    request.shard = static_cast<std::size_t>(state.thread_index());
    for (auto _ : state) {
        auto admitted = door->gate.admit(request, "text-of-token-4711");
        if (!admitted) state.SkipWithError("refused");
        benchmark::DoNotOptimize(admitted);
    }
}

void admit_without_limit(benchmark::State& state) {
    admit(state, {});
}
BENCHMARK(admit_without_limit)->Threads(1)->Threads(2);

void admit_with_limit(benchmark::State& state) {
    admit(state, {1'000'000'000, 1'000'000'000});
}
BENCHMARK(admit_with_limit)->Threads(1)->Threads(2);

}  // namespace
}  // namespace sluice
