#include <benchmark/benchmark.h>

#include "base/ids.hpp"
#include "store/cursor_store.hpp"
#include "store/fake_event_log.hpp"
#include "store/object_index.hpp"
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

/// Events of 1.8 KiB as ingest writes them: what the index reads of one is its names and `tstamp`.
EventBatch make_batch(EventType type, std::size_t count, ObjectIdGenerator& ids, const Clock& clock) {
    const std::string data = "{\"text\":\"" + std::string(1000, 'x') + "\"}";
    const std::string after_ids =
        "\",\"checksum\":\"" + std::string(68, 'A') +
        "\",\"createDate\":\"2026-11-23T14:05:00.123Z\",\"updateDate\":\"2026-11-23T14:05:00.123Z\"," +
        "\"tstamp\":1700000000000,\"owner\":\"" + std::string(400, 'o') + "\",\"data\":";
    EventBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
        EventView view;
        const std::string id = ids.next(clock.now());
        const std::string before_data = "{\"_id\":\"" + id + "\",\"id\":\"" + id + after_ids;
        const std::string obj = before_data + data + "}";
        const std::string envelope = "{\"obj\":" + obj + "}";
        view.event_type = type;
        view.kept_as_object = true;
        view.org = "com.example.acme";
        view.rec_type = "io.microshare.contact.unpacked.event";
        view.id = id;
        view.source = "ShareService";
        view.envelope = envelope;
        view.obj = view.envelope.substr(7, obj.size());
        view.data = view.obj.substr(before_data.size(), data.size());
        batch.add(view);
    }
    return batch;
}

CommittedBatch committed(const EventBatch& batch, Sequence first, const Clock& clock) {
    CommittedBatch done;
    done.first = first;
    done.last = first + batch.size() - 1;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        done.events.emplace_back(batch.bytes(), decode_event(batch.body(i)).value(), LogPosition{0, first + i},
                                 clock.now());
    }
    return done;
}

/// What the index adds to each sync of the log: 100 creates.
void apply_100_creates(benchmark::State& state) {
    TemporaryFolder folder;
    FakeEventLog log(SystemClock::instance());
    auto index =
        ObjectIndex::open(Database::open(folder.path("store")).value(), log, SystemClock::instance(), {}).value();
    ObjectIdGenerator ids;
    Sequence at = 1;
    for (auto _ : state) {
        state.PauseTiming();
        auto batch =
            committed(make_batch(EventType::create, 100, ids, SystemClock::instance()), at, SystemClock::instance());
        at += 100;
        state.ResumeTiming();
        if (auto done = index->apply(batch); !done) state.SkipWithError(done.error().message.c_str());
    }
    state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(apply_100_creates)->Unit(benchmark::kMicrosecond);

/// A page of 100 objects of a stream of 100,000: for the total, the whole stream's entries are looked at.
void list_page_of_100000(benchmark::State& state) {
    TemporaryFolder folder;
    FakeEventLog log(SystemClock::instance());
    auto index =
        ObjectIndex::open(Database::open(folder.path("store")).value(), log, SystemClock::instance(), {}).value();
    ObjectIdGenerator ids;
    for (int i = 0; i < 100; ++i) {
        log.append(make_batch(EventType::create, 1000, ids, SystemClock::instance()), [](Result<AppendReceipt>) {});
    }
    if (auto caught_up = index->catch_up(nullptr); !caught_up) state.SkipWithError(caught_up.error().message.c_str());
    ObjectIndex::ListQuery query;
    query.org = "com.example.acme";
    query.rec_type = "io.microshare.contact.unpacked.event";
    query.limit = 100;
    query.exact_total = state.range(0) != 0;
    for (auto _ : state) benchmark::DoNotOptimize(index->list(query));
}
BENCHMARK(list_page_of_100000)->ArgName("exact_total")->Arg(1)->Arg(0)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice
