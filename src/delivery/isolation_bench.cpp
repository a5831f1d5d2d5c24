#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "delivery/delivery_test_kit.hpp"
#include "delivery/token_bucket.hpp"
#include "log/segment_log.hpp"
#include "store/temporary_folder.hpp"

// What sick integrations cost healthy ones: a thousand integrations over the real log and real shards, of which some
// are dead, hang, or are throttled, against the same thousand without the sick, in turns within one run. Told as
// ratios: the time that a burst takes, the p99 from append to acceptance at a steady rate, and the process's CPU time
// for each event that a healthy one got, which is what means something on a machine with other work to do.
//
//   SLUICE_ISOLATION_ROUNDS=5 delivery_bench --benchmark_filter=isolation
namespace sluice {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

constexpr std::size_t kIntegrations = 1000;
constexpr std::size_t kEventsInBatch = 200;
constexpr auto kRoundTrip = 2ms;
/// What a service that throttles allows an integration: a fifth of what it is sent at the steady rate.
constexpr std::uint64_t kAllowedPerSecond = 2;

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

    void ill_answered(std::size_t refused) {
        ill_requests_.fetch_add(1, std::memory_order_relaxed);
        ill_refused_.fetch_add(refused, std::memory_order_relaxed);
    }
    struct Ill {
        std::uint64_t requests = 0;
        std::uint64_t refused = 0;
    };
    Ill ill() const { return {ill_requests_.load(), ill_refused_.load()}; }

  private:
    static std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

    std::vector<std::atomic<std::int64_t>> appended_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::int64_t> latencies_;
    std::atomic<std::uint64_t> ill_requests_{0};
    std::atomic<std::uint64_t> ill_refused_{0};
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
        made.fixed_target = true;
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
        std::size_t taken = 0;
        if (illness_ == Illness::throttled) {
            taken = std::min<std::size_t>(allowed_.available(std::chrono::steady_clock::now()), messages.size());
            allowed_.take(taken);
        }
        std::fill(verdicts.begin() + static_cast<std::ptrdiff_t>(taken), verdicts.end(),
                  Verdict::retry(why, illness_ == Illness::hanging));
        watch_.ill_answered(messages.size() - taken);
        co_return verdicts;
    }
    awaitable<ProbeReport> probe(Deadline) override { co_return ProbeReport(); }
    awaitable<void> close() override { co_return; }

  private:
    boost::asio::io_context& io_;
    Watch& watch_;
    std::optional<Illness> illness_;
    TokenBucket allowed_{kAllowedPerSecond, 1, std::chrono::steady_clock::now()};
};

struct Figures {
    double burst_ms = 0;
    double p99_ms = 0;
    double cpu_us = 0;  ///< of the process, for each event that a healthy integration got
    double ill_requests_per_s = 0;
    double refused_per_s = 0;  ///< events
};

double cpu_us() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    auto us = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return us(used.ru_utime) + us(used.ru_stime);
}

/// One life of an engine: the healthy integrations, and the sick too or not.
class Life {
  public:
    Life(std::size_t sick, Illness illness, bool with_sick)
        : warm_up_(illness == Illness::throttled ? kLearning : kFallingIll),
          sick_(sick),
          watch_((warm_up_ + kBurst + kSteady) * kEventsInBatch) {
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
        // The sick fall ill, and their backlog grows; what a service allows is learnt.
        append(warm_up_, kPace);
        watch_.wait_for(healthy_events());
        Figures figures;
        std::size_t before = healthy_events();
        Watch::Ill ill = watch_.ill();
        double cpu = cpu_us();
        auto begun = std::chrono::steady_clock::now();
        append(kBurst, 0ms);
        watch_.wait_for(healthy_events());
        figures.burst_ms = milliseconds_since(begun);
        std::size_t steady = healthy_events();
        append(kSteady, kPace);
        watch_.wait_for(healthy_events());
        figures.p99_ms = watch_.p99_ms(steady);
        figures.cpu_us = (cpu_us() - cpu) / static_cast<double>(healthy_events() - before);
        double seconds = milliseconds_since(begun) / 1e3;
        figures.ill_requests_per_s = static_cast<double>(watch_.ill().requests - ill.requests) / seconds;
        figures.refused_per_s = static_cast<double>(watch_.ill().refused - ill.refused) / seconds;
        return figures;
    }

  private:
    static constexpr auto kPace = 20ms;  ///< 10,000 events/s
    // In batches.
    static constexpr std::size_t kFallingIll = 250;
    static constexpr std::size_t kLearning = 1500;  ///< what a service allows takes a while to learn
    static constexpr std::size_t kBurst = 100;
    static constexpr std::size_t kSteady = 150;

    static double milliseconds_since(std::chrono::steady_clock::time_point begun) {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
    }

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

    std::size_t warm_up_;
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

int rounds() {
    const char* wanted = std::getenv("SLUICE_ISOLATION_ROUNDS");
    return wanted ? std::max(1, std::atoi(wanted)) : 3;
}

void isolation(benchmark::State& state, Illness illness) {
    auto sick = static_cast<std::size_t>(state.range(0));
    int count = rounds();
    for (auto _ : state) {
        std::vector<double> burst[2], p99[2], cpu[2], requests, refused;
        for (int round = 0; round < count; ++round) {
            // Who goes first changes, so that a machine that slows down is not held against either.
            for (bool with_sick : {round % 2 == 1, round % 2 == 0}) {
                Figures figures = Life(sick, illness, with_sick).measure();
                burst[with_sick].push_back(figures.burst_ms);
                p99[with_sick].push_back(figures.p99_ms);
                cpu[with_sick].push_back(figures.cpu_us);
                if (!with_sick) continue;
                requests.push_back(figures.ill_requests_per_s);
                refused.push_back(figures.refused_per_s);
            }
        }
        state.counters["throughput_ratio"] = median(burst[0]) / median(burst[1]);
        state.counters["p99_ratio"] = median(p99[1]) / median(p99[0]);
        state.counters["cpu_ratio"] = median(cpu[1]) / median(cpu[0]);
        state.counters["p99_ms_without"] = median(p99[0]);
        state.counters["cpu_us_without"] = median(cpu[0]);
        state.counters["ill_requests_per_s"] = median(requests);
        state.counters["ill_refused_per_s"] = median(refused);
        state.counters["rounds"] = count;
    }
}

void cases(benchmark::internal::Benchmark* each) {
    each->Arg(1)->Arg(10)->Arg(500)->Iterations(1)->Unit(benchmark::kSecond);
}
BENCHMARK_CAPTURE(isolation, dead, Illness::dead)->Apply(cases);
BENCHMARK_CAPTURE(isolation, hanging, Illness::hanging)->Apply(cases);
BENCHMARK_CAPTURE(isolation, throttled, Illness::throttled)->Apply(cases);

}  // namespace
}  // namespace sluice
