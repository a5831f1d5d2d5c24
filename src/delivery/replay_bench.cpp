#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "delivery/delivery_test_kit.hpp"
#include "log/segment_log.hpp"
#include "store/temporary_folder.hpp"

// What a replay costs the live events of the same integration: their p99 from append to acceptance, with a replay of
// the log's beginning under way and without, in turns within one run, as a ratio.
//
//   delivery_bench --benchmark_filter=replay
namespace sluice {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

constexpr auto kRoundTrip = 20ms;
constexpr std::size_t kObjects = 5000;
constexpr std::size_t kReplayed = 200'000;  ///< more than are sent again while it is measured

/// How long each live event was on its way. Thread: any.
struct Latencies {
    std::vector<std::atomic<std::int64_t>> appended = std::vector<std::atomic<std::int64_t>>(2 * kReplayed);
    std::mutex mutex;
    std::vector<double> milliseconds;
    std::atomic<std::size_t> again{0};

    static std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
    void accepted(std::span<const Message> messages) {
        std::int64_t at = now();
        std::lock_guard lock(mutex);
        for (const Message& message : messages) {
            if (!message.replay.empty()) {
                ++again;
            } else {
                milliseconds.push_back(static_cast<double>(at - appended[message.event.sequence()]) / 1e6);
            }
        }
    }
    std::size_t count() {
        std::lock_guard lock(mutex);
        return milliseconds.size();
    }
    double p99(std::size_t from) {
        std::lock_guard lock(mutex);
        std::vector<double> some(milliseconds.begin() + static_cast<std::ptrdiff_t>(from), milliseconds.end());
        auto at = some.begin() + static_cast<std::ptrdiff_t>(some.size() * 99 / 100);
        std::nth_element(some.begin(), at, some.end());
        return *at;
    }
};

class OneRoundTripAway final : public Destination {
  public:
    OneRoundTripAway(boost::asio::io_context& io, Latencies& latencies) : io_(io), latencies_(latencies) {}

    Limits limits() const override {
        Limits made;
        made.max_events = 500;
        made.max_bytes = 4 << 20;
        made.max_concurrent = 8;
        made.fixed_target = true;
        return made;
    }
    Result<void> target_of(const Event&, std::string& out) const override {
        out += "t";
        return {};
    }
    std::size_t size_of(const Message& message) const override { return message.body.size(); }
    awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline) override {
        boost::asio::steady_timer timer(io_, kRoundTrip);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        latencies_.accepted(messages);
        co_return std::vector<Verdict>(messages.size(), Verdict::accepted());
    }
    awaitable<ProbeReport> probe(Deadline) override { co_return ProbeReport(); }
    awaitable<void> close() override { co_return; }

  private:
    boost::asio::io_context& io_;
    Latencies& latencies_;
};

class Node {
  public:
    Node() {
        DestinationKind kind;
        kind.type = "far";
        kind.check = [](const boost::json::object&, const DestinationContext&) -> Result<void> { return {}; };
        kind.make = [this](const boost::json::object&,
                           const DestinationContext& context) -> Result<std::unique_ptr<Destination>> {
            return std::unique_ptr<Destination>(std::make_unique<OneRoundTripAway>(context.io, latencies));
        };
        registry_.add(std::move(kind));
        SegmentLogOptions options;
        options.folder = folder_.path("log");
        log_ = SegmentLog::open(std::move(options)).value();
        engine_ = std::make_unique<DeliveryEngine>(shards_, *log_, cursors_, registry_, reads_, writes_,
                                                   SystemClock::instance(), DeliveryOptions());
        shards_.start();
        engine_->start();
        IntegrationConfig config;
        config.id = "a";
        config.org = "com.acme";
        config.filter.orgs = {config.org};
        config.destination["type"] = "far";
        config.batch.max_wait = 1ms;
        run_for_test(io_, engine_->add(std::move(config), false)).value();
        while (appended_ < kReplayed) append(500);
        wait();
    }
    ~Node() {
        run_for_test(io_, engine_->stop(Deadline::after(1s)));
        log_->close();
        engine_.reset();
        shards_.stop_and_join();
        reads_.stop();
        writes_.stop();
    }

    /// Live events at 500 a second, for a while.
    double live_p99() {
        std::size_t before = latencies.count();
        auto next = std::chrono::steady_clock::now();
        for (int i = 0; i < 600; ++i) {
            append(5);
            std::this_thread::sleep_until(next += 10ms);
        }
        wait();
        return latencies.p99(before);
    }
    void begin_replay() {
        ReplayRequest all;
        all.from = LogPosition{0, 1};
        all.to = LogPosition{0, kReplayed};
        run_for_test(io_, engine_->replay("a", all)).value();
    }
    bool is_replaying() { return run_for_test(io_, engine_->status("a")).value().replay->running; }

    Latencies latencies;

  private:
    void append(std::size_t count) {
        EventBatch batch;
        for (std::size_t i = 0; i < count; ++i) {
            latencies.appended[++appended_] = Latencies::now();
            DeliveryRig::add_event(batch, "o" + std::to_string(appended_ % kObjects), "io.r", "com.acme", 500);
        }
        std::promise<void> durable;
        log_->append(std::move(batch), [&durable](Result<AppendReceipt> done) { done.value(), durable.set_value(); });
        durable.get_future().wait();
    }
    void wait() {
        while (latencies.count() < appended_) std::this_thread::sleep_for(1ms);
    }

    TemporaryFolder folder_;
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
    DestinationRegistry registry_;
    FakeCursorStore cursors_;
    std::unique_ptr<SegmentLog> log_;
    ShardSet shards_{1};
    BlockingPool reads_{"reads", 2};
    BlockingPool writes_{"writes", 1};
    std::unique_ptr<DeliveryEngine> engine_;
    std::size_t appended_ = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void replay(benchmark::State& state) {
    for (auto _ : state) {
        std::vector<double> without, with;
        std::size_t again = 0;
        for (int round = 0; round < 3; ++round) {
            Node node;
            without.push_back(node.live_p99());
            node.begin_replay();
            with.push_back(node.live_p99());
            if (!node.is_replaying()) state.SkipWithError("the replay was over before the measurement");
            again += node.latencies.again;
        }
        state.counters["live_p99_ratio"] = median(with) / median(without);
        state.counters["live_p99_ms_without"] = median(without);
        state.counters["replayed_per_s"] = static_cast<double>(again) / 3 / 6;
    }
}
BENCHMARK(replay)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace sluice
