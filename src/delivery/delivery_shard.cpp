#include "delivery/delivery_shard.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/assert.hpp"
#include "delivery/unusable_destination.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

constexpr std::size_t kStatusesAtOnce = 256;

}  // namespace

DeliveryShard::DeliveryShard(Shard& shard, EventLog& log, CursorStore& cursors, const DestinationRegistry& registry,
                             BlockingPool& reads, BlockingPool& writes, const Clock& clock,
                             const DeliveryOptions& options, DeliveryMetricsByType& metrics)
    : shard_(shard),
      log_(log),
      cursors_(cursors),
      registry_(registry),
      reads_(reads),
      writes_(writes),
      clock_(clock),
      options_(options),
      metrics_(metrics),
      wakes_(shard.io(), clock,
             [this](std::uint32_t number) {
                 if (auto found = seats_.find(number); found != seats_.end()) found->second.runtime->woken();
             }),
      turns_(options.reads_at_a_time),
      budget_({options.memory_per_shard, options.held_events_per_shard},
              {options.memory_per_integration, options.max_held_events}),
      tasks_(shard.io()),
      cut_now_(shard.io().get_executor()),
      commit_now_(shard.io().get_executor()),
      commit_gate_(shard.io(), boost::asio::steady_timer::time_point::max()) {}

DeliveryShard::~DeliveryShard() {
    SLUICE_ASSERT(seats_.empty(), "stop() delivery before it is destroyed");
}

// Routing.

void DeliveryShard::post(std::shared_ptr<const CommittedBatch> batch, std::size_t bytes) {
    bool fits = queued_bytes_.load(std::memory_order_relaxed) + bytes <= options_.feed_queue_bytes;
    if (!fits) {
        // A shard that cannot keep up reads the log, as a laggard does; it is told only how far the log has come.
        boost::asio::post(shard_.io(), [weak = weak_from_this(), first = batch->first, last = batch->last] {
            if (auto self = weak.lock()) self->skip(first, last);
        });
        return;
    }
    queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    boost::asio::post(shard_.io(), [weak = weak_from_this(), batch = std::move(batch), bytes] {
        auto self = weak.lock();
        if (!self) return;
        self->queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
        self->route(*batch);
    });
}

void DeliveryShard::route(const CommittedBatch& batch) {
    if (!router_.empty()) {
        for (const Event& event : batch.events) {
            for (Router::Subscriber number : router_.match(event.view())) {
                Seat& seat = seats_.find(number)->second;
                if (seat.matched.empty()) touched_.push_back(number);
                seat.matched.push_back(&event);
            }
        }
        // One whose breaker is open, or that is held back, only counts: there is nothing for it to look at then.
        std::erase_if(touched_, [this](std::uint32_t number) {
            Seat& seat = seats_.find(number)->second;
            bool fed = seat.runtime->feed(seat.matched);
            seat.matched.clear();
            return !fed;
        });
    }
    // Everything that matched has been fed: only now has the router come this far.
    accepted_rate_.add(batch.events.size(), clock_.steady_now());
    routed_ = batch.last;
    routed_for_others_.store(routed_, std::memory_order_relaxed);
    for (std::uint32_t number : std::exchange(touched_, {})) seats_.find(number)->second.runtime->pump();
}

void DeliveryShard::skip(Sequence first, Sequence last) {
    for (auto& [number, seat] : seats_) seat.runtime->skipped(first, last);
    accepted_rate_.add(last - first + 1, clock_.steady_now());
    routed_ = last;
    routed_for_others_.store(routed_, std::memory_order_relaxed);
    for (auto& [number, seat] : seats_) seat.runtime->pump();
}

// Integrations come and go.

Result<std::unique_ptr<Destination>> DeliveryShard::make_destination(const IntegrationConfig& config) {
    if (config.unusable) return std::unique_ptr<Destination>(new UnusableDestination(*config.unusable));
    const DestinationKind* kind = registry_.find(config.destination_type());
    if (kind == nullptr) {
        return make_error(Errc::invalid_argument, "destination.type is not a known destination",
                          "one of " + registry_.known_types());
    }
    DestinationContext context{shard_.io(),
                               clock_,
                               config.id,
                               config.ordering == Ordering::key,
                               config.operator_owned,
                               config.allow_loopback,
                               options_.max_connections,
                               config.org,
                               std::string(content_type_of(config.payload))};
    return kind->make(config.destination, context);
}

Result<std::shared_ptr<IntegrationRuntime>> DeliveryShard::make(IntegrationConfig config) {
    Result<std::unique_ptr<Destination>> destination = make_destination(config);
    if (!destination) return destination.error();
    Result<PayloadRenderer> renderer = PayloadRenderer::make(config.payload, config.redact);
    if (!renderer) return renderer.error();
    Result<TextTemplate> key = TextTemplate::parse(config.key);
    if (!key) return key.error();
    RuntimeSurroundings around{shard_.io(),
                               log_,
                               cursors_,
                               reads_,
                               writes_,
                               clock_,
                               options_,
                               [this] { return routed_; },
                               [this](SteadyTime at, std::uint32_t number) { wakes_.at(at, number); },
                               [this](std::uint32_t number) { changed(number); },
                               [this](const std::string& org, std::uint32_t number) { return turns_.ask(org, number); },
                               [this] { pass_turn_on(); },
                               budget_,
                               metrics_.of(config.destination_type())};
    return std::make_shared<IntegrationRuntime>(next_number_++, std::move(config), std::move(*destination),
                                                std::move(*renderer), std::move(*key), std::move(around));
}

void DeliveryShard::pass_turn_on() {
    while (auto number = turns_.release()) {
        // Who left while it waited, or has nothing to read any more, lets the next one go first.
        auto found = seats_.find(*number);
        if (found != seats_.end() && found->second.runtime->take_turn()) return;
    }
}

std::shared_ptr<IntegrationRuntime> DeliveryShard::find(const std::string& id) {
    auto found = numbers_.find(id);
    return found == numbers_.end() ? nullptr : seats_.find(found->second)->second.runtime;
}

void DeliveryShard::seat(std::shared_ptr<IntegrationRuntime> runtime) {
    numbers_[runtime->config().id] = runtime->number();
    router_.add(runtime->number(), runtime->config().filter);
    seats_[runtime->number()].runtime = std::move(runtime);
}

awaitable<void> DeliveryShard::unseat(std::shared_ptr<IntegrationRuntime> runtime, Deadline deadline) {
    co_await runtime->stop(deadline);
    // Its last verdicts are committed before it is gone.
    changed(runtime->number());
    Result<void> committed = co_await commit(Extent::all);
    for (int attempt = 0; !committed && attempt < 3; ++attempt) committed = co_await commit(Extent::all);
    router_.remove(runtime->number());
    changed_.erase(runtime->number());
    seats_.erase(runtime->number());
    wakes_.forget(runtime->number());
    numbers_.erase(runtime->config().id);
}

awaitable<Result<void>> DeliveryShard::add(IntegrationConfig config, bool paused) {
    if (stopping_) co_return make_error(Errc::unavailable, "delivery is stopping");
    if (find(config.id)) co_return make_error(Errc::conflict, "integration " + config.id + " exists already");
    Result<std::shared_ptr<IntegrationRuntime>> made = make(std::move(config));
    if (!made) co_return made.error();
    std::shared_ptr<IntegrationRuntime> runtime = *made;
    seat(runtime);
    // From this turn on the router counts for it.
    Result<void> started = co_await runtime->start(paused);
    if (!started) {
        co_await unseat(runtime, Deadline::after(std::chrono::seconds(0)));
        co_return started.error();
    }
    // A new integration's beginning is remembered before anyone is told that it was made. One that cannot be must not
    // go on under an id that is free for others.
    Result<void> committed = co_await commit_for(*runtime);
    if (!committed) co_await unseat(runtime, Deadline::after(std::chrono::seconds(0)));
    co_return committed;
}

awaitable<Result<void>> DeliveryShard::remove(std::string id, bool keep_cursor) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    co_await unseat(runtime, Deadline::after(options_.deliver_timeout));
    if (keep_cursor) co_return Result<void>();
    auto work = [this, id] { return cursors_.erase(id); };
    Result<void> erased = co_await writes_.run(std::move(work));
    if (!erased)
        co_return make_error(erased.error().code,
                             "integration " + id + " is gone, but its cursor and dead letters cannot be erased yet: " +
                                 erased.error().message,
                             erased.error().hint);
    co_return Result<void>();
}

awaitable<Result<void>> DeliveryShard::replace(IntegrationConfig config) {
    std::shared_ptr<IntegrationRuntime> old = find(config.id);
    if (!old) co_return make_error(Errc::not_found, "no integration " + config.id);
    // Whether the new settings can start is tried while the old go on.
    Result<std::shared_ptr<IntegrationRuntime>> made = make(config);
    if (!made) co_return made.error();
    std::shared_ptr<IntegrationRuntime> runtime = std::move(*made);
    Result<void> ready = co_await runtime->try_start();
    if (!ready || find(config.id) != old) {
        co_await runtime->stop(Deadline::after(std::chrono::seconds(0)));
        co_return ready ? make_error(Errc::conflict, "integration " + config.id + " was changed meanwhile")
                        : ready.error();
    }
    // What comes back when they do not start after all. When the old ones cannot be made again (a file that they name
    // is gone), the new ones wait for their start instead.
    Result<std::shared_ptr<IntegrationRuntime>> fallback = make(old->config());
    if (!fallback) fallback = make(std::move(config));
    co_await unseat(old, Deadline::after(options_.deliver_timeout));
    Result<void> started = make_error(Errc::unavailable, "delivery is stopping");
    if (!stopping_) {
        // Only now: people paused and resumed the old while they ended, and its last verdicts may have paused it.
        runtime->take_over(*old);
        seat(runtime);
        started = co_await runtime->start(runtime->paused());
    }
    std::shared_ptr<IntegrationRuntime> unused = fallback ? *fallback : nullptr;
    if (!started) {
        co_await unseat(runtime, Deadline::after(std::chrono::seconds(0)));
        std::shared_ptr<IntegrationRuntime> last = std::exchange(runtime, nullptr);
        if (!stopping_) std::swap(runtime, unused);
        if (runtime) {
            runtime->take_over(*last);
            seat(runtime);
            runtime->start_when_possible(runtime->paused());
        }
    }
    if (unused) co_await unused->stop(Deadline::after(std::chrono::seconds(0)));
    co_return started;
}

awaitable<Result<void>> DeliveryShard::try_start(IntegrationConfig config) {
    Result<std::shared_ptr<IntegrationRuntime>> made = make(std::move(config));
    if (!made) co_return made.error();
    std::shared_ptr<IntegrationRuntime> runtime = std::move(*made);
    Result<void> tried = co_await runtime->try_start();
    co_await runtime->stop(Deadline::after(std::chrono::seconds(0)));
    co_return tried;
}

awaitable<Result<void>> DeliveryShard::pause(std::string id, std::string reason) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    runtime->pause(std::move(reason));
    co_return Result<void>();
}

awaitable<Result<void>> DeliveryShard::resume(std::string id) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    Result<void> committed = co_await commit_for(*runtime);
    if (!committed) co_return committed.error();
    // New settings may have taken its place meanwhile, paused as it was.
    runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    co_return co_await runtime->resume();
}

void DeliveryShard::begin_stop(Deadline deadline) {
    if (std::exchange(ending_, true)) return;
    for (auto& [number, seat] : seats_) seat.runtime->end_operations(deadline);
    tasks_.spawn(cut_operations(deadline));
}

/// What is under way at a service that does not answer must not keep Sluice from stopping.
awaitable<void> DeliveryShard::cut_operations(Deadline deadline) {
    co_await cut_now_.wait(deadline);
    for (auto& [number, seat] : seats_) seat.runtime->cut_operations();
}

awaitable<void> DeliveryShard::stop(Deadline deadline) {
    ending_ = stopping_ = true;
    TaskGroup stops(shard_.io());
    for (auto& [number, seat] : seats_) stops.spawn(seat.runtime->stop(deadline));
    co_await stops.join();
    for (auto& [number, seat] : seats_) changed(number);
    co_await commit(Extent::synced);
    commit_now_.set();
    tasks_.cancel();
    co_await tasks_.join();
    wakes_.close();
    for (auto& [number, seat] : seats_) router_.remove(number);
    seats_.clear();
    numbers_.clear();
}

// Asking.

awaitable<Result<IntegrationStatus>> DeliveryShard::status(std::string id) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    IntegrationStatus status = co_await runtime->status();
    co_return status;
}

awaitable<std::vector<IntegrationStatus>> DeliveryShard::list() {
    std::vector<std::shared_ptr<IntegrationRuntime>> runtimes;
    for (const auto& [id, number] : numbers_) runtimes.push_back(seats_.find(number)->second.runtime);
    std::vector<IntegrationStatus> all;
    all.reserve(runtimes.size());
    for (const auto& runtime : runtimes) {
        IntegrationStatus status = co_await runtime->status();
        all.push_back(std::move(status));
        // Thousands take milliseconds: events do not wait for that.
        if (all.size() % kStatusesAtOnce == 0) co_await boost::asio::post(shard_.io(), boost::asio::use_awaitable);
    }
    co_return all;
}

awaitable<std::vector<IntegrationCondition>> DeliveryShard::conditions() {
    std::vector<IntegrationCondition> all;
    for (const auto& [id, number] : numbers_) {
        IntegrationCondition condition = seats_.find(number)->second.runtime->condition();
        if (condition.is_quiet()) continue;
        condition.id = id;
        all.push_back(std::move(condition));
    }
    co_return all;
}

awaitable<double> DeliveryShard::accepted_per_second() {
    co_return accepted_rate_.per_second(clock_.steady_now());
}

awaitable<Result<ProbeReport>> DeliveryShard::probe(std::string id, Deadline deadline) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    ProbeReport report = co_await runtime->probe(deadline);
    co_return report;
}

awaitable<Result<ProbeReport>> DeliveryShard::probe_new(IntegrationConfig config, Deadline deadline) {
    Result<std::unique_ptr<Destination>> made = make_destination(config);
    if (!made) co_return made.error();
    std::unique_ptr<Destination> destination = std::move(*made);
    ProbeReport report = co_await destination->probe(deadline);
    co_await destination->close();
    co_return report;
}

awaitable<Result<std::optional<DeliveryError>>> DeliveryShard::send_sample(std::string id, Deadline deadline) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    if (ending_) co_return make_error(Errc::unavailable, "delivery is stopping");
    Result<std::optional<DeliveryError>> sent = co_await runtime->send_sample(deadline);
    co_return sent;
}

awaitable<Result<ReplayStatus>> DeliveryShard::replay(std::string id, SequenceRange range) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    co_return runtime->replay(range);
}

awaitable<Result<void>> DeliveryShard::note_replay(std::string id, ReplayStatus replay) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    runtime->note_replay(std::move(replay));
    co_return Result<void>();
}

}  // namespace sluice
