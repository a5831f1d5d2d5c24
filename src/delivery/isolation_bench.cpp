#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "delivery/delivery_test_kit.hpp"
#include "log/segment_log.hpp"
#include "store/temporary_folder.hpp"

// What sick integrations cost healthy ones: a thousand integrations over the real log and real shards, of which some
// are dead, hang, or are throttled, against the same thousand without the sick, in turns within one run. Both the time
// that all of a burst takes and the p99 from append to acceptance are told as ratios.
//
//   delivery_bench --benchmark_filter=isolation
namespace sluice {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

constexpr std::size_t kIntegrations = 1000;
constexpr std::size_t kEventsInBatch = 200;
constexpr auto kRoundTrip = 2ms;

enum class Illness { dead, hanging, throttled };

/// When each event was appended, and what became of those for healthy integrations. Thread: any.
class Watch {
  public:
    explicit Watch(std::size_t events) : appended_(events + 1) {}

    void append(Sequence sequence) { appended_[sequence].store(now(), std::memory_order_relaxed); }
    void accepted(std::span<const Message> messages) {
        std::int64_t at = now();
        std::lock_guard lock(mutex_);
        for (const Message& message : messages)
            latencies_.push_back(at - appended_[message.event.sequence()].load(std::memory_order_relaxed));
        changed_.notify_all();
    }
    void wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return latencies_.size() >= count; });
    }
    double p99_ms(std::size_t from) {
        std::lock_guard lock(mutex_);
        std::vector<std::int64_t> some(latencies_.begin() + static_cast<std::ptrdiff_t>(from), latencies_.end());
        auto at = some.begin() + static_cast<std::ptrdiff_t>(some.size() * 99 / 100);
        std::nth_element(some.begin(), at, some.end());
        return static_cast<double>(*at) / 1e6;
    }

  private:
    static std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

    std::vector<std::atomic<std::int64_t>> appended_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::int64_t> latencies_;
};

/// A destination that answers after a round trip, or is ill.
class FarAway final : public Destination {
  public:
    FarAway(boost::asio::io_context& io, Watch& watch, std::optional<Illness> illness)
        : io_(io), watch_(watch), illness_(illness) {}

    Limits limits() const override {
        Limits made;
        made.max_events = 500;
        made.max_bytes = 4 << 20;
        made.max_concurrent = 4;
        return made;
    }
    Result<void> target_of(const Event&, std::string& out) const override {
        out += "t";
        return {};
    }
    std::size_t size_of(const Message& message) const override { return message.body.size(); }
    awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override {
        boost::asio::steady_timer timer(io_);
        if (illness_ == Illness::hanging) {
            timer.expires_at(deadline.at());
        } else {
            timer.expires_after(kRoundTrip);
        }
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        std::vector<Verdict> verdicts(messages.size(), Verdict::accepted());
        if (!illness_) {
            watch_.accepted(messages);
            co_return verdicts;
        }
        auto why = std::make_shared<Failure>();
        why->error_class = illness_ == Illness::throttled ? ErrorClass::throttled : ErrorClass::transient;
        why->code = "ill";
        std::fill(verdicts.begin(), verdicts.end(), Verdict::retry(why, illness_ == Illness::hanging));
        // One that is throttled takes a little, so that it goes on trying, and reading, for ever.
        if (illness_ == Illness::throttled) verdicts.front() = Verdict::accepted();
        co_return verdicts;
    }
    awaitable<ProbeReport> probe(Deadline) override { co_return ProbeReport(); }
    awaitable<void> close() override { co_return; }

  private:
    boost::asio::io_context& io_;
    Watch& watch_;
    std::optional<Illness> illness_;
};

struct Figures {
    double burst_ms = 0;
    double p99_ms = 0;
};

/// One life of an engine: the healthy integrations, and the sick too or not.
class Life {
  public:
    Life(std::size_t sick, Illness illness, bool with_sick) : sick_(sick), watch_(kMostEvents) {
        DestinationKind kind;
        kind.type = "far";
        kind.check = [](const boost::json::object&, const DestinationContext&) -> Result<void> { return {}; };
        kind.make = [this, illness](const boost::json::object& settings,
                                    const DestinationContext& context) -> Result<std::unique_ptr<Destination>> {
            std::optional<Illness> has;
            if (settings.at("sick").as_bool()) has = illness;
            return std::unique_ptr<Destination>(std::make_unique<FarAway>(context.io, watch_, has));
        };
        registry_.add(std::move(kind));
        SegmentLogOptions options;
        options.folder = folder_.path("log");
        options.segment_bytes = 64 << 20;
        log_ = SegmentLog::open(std::move(options)).value();
        engine_ = std::make_unique<DeliveryEngine>(shards_, *log_, cursors_, registry_, reads_, writes_,
                                                   SystemClock::instance(), DeliveryOptions());
        shards_.start();
        engine_->start();
        for (std::size_t i = with_sick ? 0 : sick; i < kIntegrations; ++i) add(i, i < sick_);
    }
    ~Life() {
        run_for_test(io_, engine_->stop(Deadline::after(0s)));
        log_->close();
        engine_.reset();
        shards_.stop_and_join();
        reads_.stop();
        writes_.stop();
    }

    Figures measure() {
        // The sick fall ill, and their backlog grows.
        append(100, 0ms);
        watch_.wait_for(healthy_events());
        Figures figures;
        auto begun = std::chrono::steady_clock::now();
        append(100, 0ms);
        watch_.wait_for(healthy_events());
        figures.burst_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
        std::size_t before = healthy_events();
        append(150, 20ms);
        watch_.wait_for(healthy_events());
        figures.p99_ms = watch_.p99_ms(before);
        return figures;
    }

  private:
    static constexpr std::size_t kMostEvents = 400 * kEventsInBatch;

    void add(std::size_t number, bool sick) {
        IntegrationConfig config;
        config.id = "i" + std::to_string(number);
        config.org = "com.acme" + std::to_string(number % 50);
        config.filter.orgs = {config.org};
        config.filter.rec_types = {"io.r" + std::to_string(number)};
        config.destination["type"] = "far";
        config.destination["sick"] = sick;
        config.batch.max_wait = 1ms;
        run_for_test(io_, engine_->add(std::move(config), false)).value();
    }

    /// Batches of one event each for as many integrations, one batch each `pace`.
    void append(std::size_t batches, std::chrono::milliseconds pace) {
        auto next = std::chrono::steady_clock::now();
        for (std::size_t n = 0; n < batches; ++n) {
            EventBatch batch;
            for (std::size_t i = 0; i < kEventsInBatch; ++i) {
                std::size_t number = appended_ % kIntegrations;
                watch_.append(++appended_);
                DeliveryRig::add_event(batch, "o" + std::to_string(appended_ % 97), "io.r" + std::to_string(number),
                                       "com.acme" + std::to_string(number % 50), 500);
                healthy_ += number >= sick_;
            }
            std::promise<void> durable;
            log_->append(std::move(batch),
                         [&durable](Result<AppendReceipt> done) { done.value(), durable.set_value(); });
            durable.get_future().wait();
            next += pace;
            std::this_thread::sleep_until(next);
        }
    }
    std::size_t healthy_events() const { return healthy_; }

    std::size_t sick_;
    Watch watch_;
    TemporaryFolder folder_;
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
    DestinationRegistry registry_;
    FakeCursorStore cursors_;
    std::unique_ptr<SegmentLog> log_;
    ShardSet shards_{2};
    BlockingPool reads_{"reads", 2};
    BlockingPool writes_{"writes", 1};
    std::unique_ptr<DeliveryEngine> engine_;
    std::size_t appended_ = 0;
    std::size_t healthy_ = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void isolation(benchmark::State& state, Illness illness) {
    auto sick = static_cast<std::size_t>(state.range(0));
    constexpr int kRounds = 3;
    for (auto _ : state) {
        std::vector<double> burst[2], p99[2];
        for (int round = 0; round < kRounds; ++round) {
            for (bool with_sick : {false, true}) {
                Figures figures = Life(sick, illness, with_sick).measure();
                burst[with_sick].push_back(figures.burst_ms);
                p99[with_sick].push_back(figures.p99_ms);
            }
        }
        state.counters["throughput_ratio"] = median(burst[0]) / median(burst[1]);
        state.counters["p99_ratio"] = median(p99[1]) / median(p99[0]);
        state.counters["p99_ms_without"] = median(p99[0]);
        state.counters["p99_ms_with"] = median(p99[1]);
        state.counters["burst_events_per_s"] =
            static_cast<double>(100 * kEventsInBatch * (kIntegrations - sick) / kIntegrations) / median(burst[1]) * 1e3;
    }
}

BENCHMARK_CAPTURE(isolation, dead, Illness::dead)->Arg(1)->Arg(10)->Arg(500)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(isolation, hanging, Illness::hanging)
    ->Arg(1)
    ->Arg(10)
    ->Arg(500)
    ->Iterations(1)
    ->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(isolation, throttled, Illness::throttled)
    ->Arg(1)
    ->Arg(10)
    ->Arg(500)
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace sluice
