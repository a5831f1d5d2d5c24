// What the log costs: processor time and device bytes of appends at several sizes of group commit, and of reads.
// The folder is made under TMPDIR: it should be on the disk that is to be measured, not on tmpfs.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <future>

#include "event/codec.hpp"
#include "log/segment_log.hpp"

namespace sluice {
namespace {

constexpr std::size_t kEnvelopeBytes = 1843;  // 1.8 KiB: what a 1 KiB object becomes
constexpr std::uint64_t kSegmentBytes = 64 << 20;

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class BenchFolder {
  public:
    BenchFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    ~BenchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

std::unique_ptr<SegmentLog> open_log(const std::string& folder) {
    SegmentLogOptions options;
    options.folder = folder;
    options.segment_bytes = kSegmentBytes;
    return SegmentLog::open(std::move(options)).value();
}

/// One event in a thousand is of `org.rare`.
EventBatch batch_of(std::size_t events, std::size_t& counter) {
    static const std::string envelope = [] {
        std::string text = R"({"obj":{"pad":")";
        text.append(kEnvelopeBytes - text.size() - 3, 'x');
        return text + "\"}}";
    }();
    EventBatch batch;
    batch.reserve(events * (kEnvelopeBytes + 128), events);
    for (std::size_t i = 0; i < events; ++i, ++counter) {
        EventView view;
        view.org = counter % 1000 == 0 ? "org.rare" : "com.acme";
        view.rec_type = "io.acme.building.desk.event";
        view.id = "64f0c2a9e13b9a0007f4d2c1";
        view.source = "ShareService";
        view.envelope = envelope;
        view.obj = view.envelope.substr(7, envelope.size() - 8);
        batch.add(view);
    }
    return batch;
}

void append_now(SegmentLog& log, EventBatch batch) {
    std::promise<Result<AppendReceipt>> promise;
    auto future = promise.get_future();
    log.append(std::move(batch), [&promise](Result<AppendReceipt> done) { promise.set_value(std::move(done)); });
    if (!future.get()) std::abort();
}

/// `recycled`: into files that were written before, as a log does that has reached its retention.
void append(benchmark::State& state, bool recycled) {
    auto events = static_cast<std::size_t>(state.range(0));
    BenchFolder folder;
    auto log = open_log(folder.path());
    log->add_commit_listener(
        [](const std::shared_ptr<const CommittedBatch>& batch) { benchmark::DoNotOptimize(batch); });
    std::size_t counter = 0;
    auto trim = [&] {
        if (log->segments().size() > 2) (void)log->trim(0, log->stats().head, nullptr);
    };
    if (recycled) {
        while (log->segments().size() < 4) append_now(*log, batch_of(1000, counter));
        (void)log->trim(0, log->stats().head, nullptr);
    }
    LogStats before = log->stats();
    double cpu = 0;
    for (auto _ : state) {
        state.PauseTiming();
        EventBatch batch = batch_of(events, counter);
        state.ResumeTiming();
        double start = cpu_seconds();
        append_now(*log, std::move(batch));
        cpu += cpu_seconds() - start;
        state.PauseTiming();
        trim();
        state.ResumeTiming();
    }
    LogStats after = log->stats();
    auto appended = double(after.appended_events - before.appended_events);
    state.counters["cpu_us_per_event"] = cpu * 1e6 / appended;
    state.counters["device_bytes_per_byte"] =
        double(after.device_bytes - before.device_bytes) / double(after.appended_bytes - before.appended_bytes);
    state.SetItemsProcessed(static_cast<std::int64_t>(appended));
}

void append_to_recycled(benchmark::State& state) {
    append(state, true);
}
void append_to_fresh(benchmark::State& state) {
    append(state, false);
}
BENCHMARK(append_to_recycled)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(append_to_fresh)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();

/// A log of 100,000 events, made once.
SegmentLog& filled_log() {
    static BenchFolder folder;
    static std::unique_ptr<SegmentLog> log = [] {
        auto made = open_log(folder.path());
        std::size_t counter = 0;
        for (int i = 0; i < 100; ++i) append_now(*made, batch_of(1000, counter));
        return made;
    }();
    return *log;
}

void read_log(benchmark::State& state, const EventFilter* filter) {
    SegmentLog& log = filled_log();
    std::int64_t events = 0;
    for (auto _ : state) {
        ReadRequest request{.filter = filter};
        for (bool at_end = false; !at_end;) {
            ReadPage page = log.read(request).value();
            events += static_cast<std::int64_t>(page.events.size());
            request.from = page.next;
            at_end = page.at_end;
        }
    }
    state.SetItemsProcessed(events);
}

void read_everything(benchmark::State& state) {
    read_log(state, nullptr);
}
void read_one_in_a_thousand(benchmark::State& state) {
    EventFilter filter;
    filter.orgs = {"org.rare"};
    read_log(state, &filter);
}
void count_one_in_a_thousand(benchmark::State& state) {
    EventFilter filter;
    filter.orgs = {"org.rare"};
    SegmentLog& log = filled_log();
    for (auto _ : state) benchmark::DoNotOptimize(log.count(0, 1, ~Sequence(0), filter).value());
}
BENCHMARK(read_everything)->Unit(benchmark::kMillisecond);
BENCHMARK(read_one_in_a_thousand)->Unit(benchmark::kMicrosecond);
BENCHMARK(count_one_in_a_thousand)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice
