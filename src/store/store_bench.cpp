#include <benchmark/benchmark.h>

#include "store/cursor_store.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

/// What delivery writes each commit interval: the cursors of 100 integrations, each with a few ranges beyond its
/// position.
void commit_100_cursors(benchmark::State& state) {
    TemporaryFolder folder;
    auto store = CursorStore::open(Database::open(folder.path("store")).value()).value();
    std::vector<CursorStore::Commit> commits(100);
    for (std::size_t i = 0; i < commits.size(); ++i) commits[i].integration = "integration-" + std::to_string(i);
    Sequence at = 1'000'000;
    for (auto _ : state) {
        ++at;
        for (auto& commit : commits) {
            commit.cursor.position.sequence = at;
            commit.cursor.settled_beyond = {{at + 2, at + 3}, {at + 10, at + 200}};
            commit.cursor.ledger.delivered = at;
        }
        if (auto done = store->commit(commits); !done) state.SkipWithError(done.error().message.c_str());
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * commits.size()));
}
BENCHMARK(commit_100_cursors)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice
