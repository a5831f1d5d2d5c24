#include "delivery/engine.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <mutex>
#include <utility>

#include "base/assert.hpp"
#include "delivery/delivery_shard.hpp"
#include "delivery/replay_range.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

/// Runs `task` on a shard; the caller goes on where it was. That the caller is cancelled (its connection is, when
/// Sluice stops) does not reach the shard: what has begun to change an integration comes to its end, and waits for
/// others there that no longer wait in a cancelled coroutine. begin_stop() ends what takes long.
template <class T>
awaitable<T> on(DeliveryShard& shard, awaitable<T> task) {
    auto shielded = [](awaitable<T> inner) -> awaitable<T> {
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        co_return co_await std::move(inner);
    };
    co_return co_await boost::asio::co_spawn(shard.shard().io(), shielded(std::move(task)), boost::asio::use_awaitable);
}

/// The same for what only talks to a service and changes nothing here: it ends when the caller is cancelled.
template <class T>
awaitable<T> on_while_wanted(DeliveryShard& shard, awaitable<T> task) {
    auto quiet = [](awaitable<T> inner) -> awaitable<T> {
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        co_return co_await std::move(inner);
    };
    co_return co_await boost::asio::co_spawn(shard.shard().io(), quiet(std::move(task)), boost::asio::use_awaitable);
}

std::size_t bytes_of(const CommittedBatch& batch) {
    std::size_t bytes = 0;
    for (const Event& event : batch.events) bytes += event->envelope.size();
    return bytes;
}

}  // namespace

struct DeliveryEngine::Impl {
    EventLog& log;
    CursorStore& cursors;
    BlockingPool& reads;
    BlockingPool& writes;
    DeliveryOptions options;
    DeliveryMetricsByType metrics;
    std::vector<std::shared_ptr<DeliveryShard>> shards;

    /// Which shard an id lives on. Asked for management only, never for events.
    std::mutex mutex;
    std::map<std::string, std::size_t> homes;
    std::vector<std::size_t> load;  ///< how many ids live on each shard

    std::optional<std::size_t> home_of(const std::string& id) {
        std::lock_guard lock(mutex);
        auto found = homes.find(id);
        return found == homes.end() ? std::nullopt : std::optional(found->second);
    }
    /// Takes the id, on the shard with the fewest; nullopt when it is taken.
    std::optional<std::size_t> settle(const std::string& id) {
        std::lock_guard lock(mutex);
        if (homes.count(id) > 0) return std::nullopt;
        load.resize(shards.size(), 0);
        auto fewest = static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
        homes.emplace(id, fewest);
        ++load[fewest];
        return fewest;
    }
    void leave(const std::string& id) {
        std::lock_guard lock(mutex);
        auto found = homes.find(id);
        if (found == homes.end()) return;
        --load[found->second];
        homes.erase(found);
    }
};

namespace {

/// Of what lies this far back.
constexpr Sequence kLatest = 5'000;
constexpr std::size_t kLatestBytes = 8 << 20;

Result<std::vector<Event>> read_latest(const EventLog& log, const EventFilter& filter) {
    ReadRequest request;
    const LogStats stats = log.stats();
    request.from = std::max(stats.oldest, stats.head > kLatest ? stats.head - kLatest + 1 : Sequence(1));
    request.to = stats.head;
    request.filter = &filter;
    std::vector<Event> found;
    for (std::size_t bytes = 0; request.from <= request.to && bytes < kLatestBytes;) {
        request.max_bytes = kLatestBytes - bytes;
        Result<ReadPage> page = log.read(request);
        if (!page) return page.error();
        for (Event& event : page->events) {
            bytes += event->envelope.size();
            found.push_back(std::move(event));
        }
        if (page->at_end) break;
        request.from = page->next;
    }
    return found;
}

Error unknown(const std::string& id) {
    return make_error(Errc::not_found, "no integration " + id);
}

}  // namespace

DeliveryEngine::DeliveryEngine(ShardSet& shards, EventLog& log, CursorStore& cursors,
                               const DestinationRegistry& registry, BlockingPool& reads, BlockingPool& writes,
                               const Clock& clock, DeliveryOptions options)
    : impl_(new Impl{log, cursors, reads, writes, std::move(options)}) {
    SLUICE_ASSERT(log.partition_count() == 1, "delivery reads one partition a node");
    std::vector<std::weak_ptr<DeliveryShard>> listeners;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        impl_->shards.push_back(std::make_shared<DeliveryShard>(shards[i], log, cursors, registry, reads, writes, clock,
                                                                impl_->options, impl_->metrics));
        listeners.push_back(impl_->shards.back());
    }
    // The log outlives delivery: what it commits afterwards finds nobody.
    log.add_commit_listener([listeners = std::move(listeners)](std::shared_ptr<const CommittedBatch> batch) {
        std::size_t bytes = bytes_of(*batch);
        for (const std::weak_ptr<DeliveryShard>& listener : listeners)
            if (auto shard = listener.lock()) shard->post(batch, bytes);
    });
}

DeliveryEngine::~DeliveryEngine() = default;

void DeliveryEngine::start() {
    Sequence head = impl_->log.stats().head;
    for (auto& shard : impl_->shards) shard->start(head);
}

void DeliveryEngine::begin_stop(Deadline deadline) {
    for (auto& shard : impl_->shards)
        boost::asio::post(shard->shard().io(), [shard, deadline] { shard->begin_stop(deadline); });
}

awaitable<void> DeliveryEngine::stop(Deadline deadline) {
    for (auto& shard : impl_->shards) co_await on(*shard, shard->stop(deadline));
}

awaitable<Result<void>> DeliveryEngine::add(IntegrationConfig config, bool paused) {
    std::string id = config.id;
    std::optional<std::size_t> home = impl_->settle(id);
    if (!home) co_return make_error(Errc::conflict, "integration " + id + " exists already");
    DeliveryShard& shard = *impl_->shards[*home];
    Result<void> added = co_await on(shard, shard.add(std::move(config), paused));
    if (!added) impl_->leave(id);
    co_return added;
}

awaitable<Result<void>> DeliveryEngine::remove(std::string id, bool keep_cursor) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<void> removed = co_await on(shard, shard.remove(id, keep_cursor));
    // Any other error comes after it has gone: of what is left of it in the store. That must not hold the id.
    bool is_gone = removed || removed.error().code != Errc::not_found;
    if (is_gone) impl_->leave(id);
    co_return removed;
}

awaitable<Result<void>> DeliveryEngine::replace(IntegrationConfig config) {
    std::optional<std::size_t> home = impl_->home_of(config.id);
    if (!home) co_return unknown(config.id);
    DeliveryShard& shard = *impl_->shards[*home];
    co_return co_await on(shard, shard.replace(std::move(config)));
}

awaitable<Result<void>> DeliveryEngine::try_start(IntegrationConfig config) {
    DeliveryShard& shard = *impl_->shards.front();
    co_return co_await on(shard, shard.try_start(std::move(config)));
}

awaitable<Result<void>> DeliveryEngine::pause(std::string id, std::string reason) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    co_return co_await on(shard, shard.pause(std::move(id), std::move(reason)));
}

awaitable<Result<void>> DeliveryEngine::resume(std::string id) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    co_return co_await on(shard, shard.resume(std::move(id)));
}

awaitable<Result<IntegrationStatus>> DeliveryEngine::status(std::string id) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<IntegrationStatus> status = co_await on(shard, shard.status(std::move(id)));
    co_return status;
}

awaitable<std::vector<IntegrationStatus>> DeliveryEngine::list() {
    std::vector<IntegrationStatus> all;
    for (auto& shard : impl_->shards) {
        std::vector<IntegrationStatus> some = co_await on(*shard, shard->list());
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    co_return all;
}

awaitable<Result<ProbeReport>> DeliveryEngine::probe(std::string id, Deadline deadline) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<ProbeReport> report = co_await on_while_wanted(shard, shard.probe(std::move(id), deadline));
    co_return report;
}

awaitable<Result<ProbeReport>> DeliveryEngine::probe(IntegrationConfig config, Deadline deadline) {
    DeliveryShard& shard = *impl_->shards.front();
    Result<ProbeReport> report = co_await on_while_wanted(shard, shard.probe_new(std::move(config), deadline));
    co_return report;
}

awaitable<Result<EventPreview>> DeliveryEngine::preview(IntegrationConfig config, std::optional<Event> event,
                                                        std::string rec_type) {
    DeliveryShard& shard = *impl_->shards.front();
    Result<EventPreview> preview =
        co_await on(shard, shard.preview_new(std::move(config), std::move(event), std::move(rec_type)));
    co_return preview;
}

awaitable<Result<std::optional<DeliveryError>>> DeliveryEngine::send_sample(IntegrationConfig config,
                                                                            Deadline deadline) {
    DeliveryShard& shard = *impl_->shards.front();
    Result<std::optional<DeliveryError>> sent =
        co_await on_while_wanted(shard, shard.sample_new(std::move(config), deadline));
    co_return sent;
}

awaitable<Result<Event>> DeliveryEngine::event(LogPosition position) {
    auto work = [impl = impl_.get(), position] { return impl->log.get(position); };
    Result<Event> found = co_await impl_->reads.run(std::move(work));
    co_return found;
}

awaitable<Result<std::vector<Event>>> DeliveryEngine::latest_events(EventFilter filter) {
    auto work = [impl = impl_.get(), filter = std::move(filter)] { return read_latest(impl->log, filter); };
    Result<std::vector<Event>> found = co_await impl_->reads.run(std::move(work));
    co_return found;
}

awaitable<Result<DeadLetterPreview>> DeliveryEngine::dead_letter(std::string id, LogPosition position) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<DeadLetterPreview> found = co_await on(shard, shard.dead_letter(std::move(id), position));
    co_return found;
}

awaitable<Result<DeadLetterPage>> DeliveryEngine::dead_letters(std::string id, DeadLetterFilter filter,
                                                               LogPosition after, std::size_t limit) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<DeadLetterPage> page =
        co_await on(shard, shard.dead_letters(std::move(id), std::move(filter), after, limit));
    co_return page;
}

awaitable<Result<DeadLetterOutcome>> DeliveryEngine::redeliver(std::string id, DeadLetterFilter filter,
                                                               Deadline deadline) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<DeadLetterOutcome> outcome = co_await on(shard, shard.redeliver(std::move(id), std::move(filter), deadline));
    co_return outcome;
}

awaitable<Result<DeadLetterOutcome>> DeliveryEngine::discard(std::string id, DeadLetterFilter filter) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<DeadLetterOutcome> outcome = co_await on(shard, shard.discard(std::move(id), std::move(filter)));
    co_return outcome;
}

awaitable<Result<std::optional<DeliveryError>>> DeliveryEngine::send_sample(std::string id, Deadline deadline) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    Result<std::optional<DeliveryError>> sent = co_await on(shard, shard.send_sample(std::move(id), deadline));
    co_return sent;
}

awaitable<Result<ReplayStatus>> DeliveryEngine::replay(std::string id, ReplayRequest request) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    auto work = [impl = impl_.get(), request] { return replay_range(impl->log, request); };
    Result<SequenceRange> range = co_await impl_->reads.run(std::move(work));
    if (!range) co_return range.error();
    Result<ReplayStatus> begun = co_await on(shard, shard.replay(std::move(id), *range));
    co_return begun;
}

awaitable<Result<void>> DeliveryEngine::note_replay(std::string id, ReplayStatus replay) {
    std::optional<std::size_t> home = impl_->home_of(id);
    if (!home) co_return unknown(id);
    DeliveryShard& shard = *impl_->shards[*home];
    co_return co_await on(shard, shard.note_replay(std::move(id), std::move(replay)));
}

awaitable<Result<LogPosition>> DeliveryEngine::position_at(Timestamp time) {
    auto work = [impl = impl_.get(), time] { return impl->log.first_at_or_after(0, time); };
    Result<Sequence> sequence = co_await impl_->reads.run(std::move(work));
    if (!sequence) co_return sequence.error();
    co_return LogPosition{0, *sequence};
}

awaitable<std::vector<IntegrationCondition>> DeliveryEngine::conditions() {
    std::vector<IntegrationCondition> all;
    for (auto& shard : impl_->shards) {
        std::vector<IntegrationCondition> some = co_await on(*shard, shard->conditions());
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    co_return all;
}

awaitable<std::vector<IntegrationPosition>> DeliveryEngine::positions() {
    std::vector<IntegrationPosition> all;
    for (auto& shard : impl_->shards) {
        std::vector<IntegrationPosition> some = co_await on(*shard, shard->positions());
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    co_return all;
}

awaitable<Result<std::uint64_t>> DeliveryEngine::overtake(Sequence keep_from) {
    std::uint64_t lost = 0;
    for (auto& shard : impl_->shards) {
        Result<std::uint64_t> some = co_await on(*shard, shard->overtake(keep_from));
        if (!some) co_return some.error();
        lost += *some;
    }
    co_return lost;
}

awaitable<double> DeliveryEngine::accepted_per_second() {
    // Each shard is told of everything.
    DeliveryShard& shard = *impl_->shards.front();
    double rate = co_await on(shard, shard.accepted_per_second());
    co_return rate;
}

std::map<std::string, DeliveryMetricsByType::Counts> DeliveryEngine::metrics() const {
    return impl_->metrics.counts();
}

LogPosition DeliveryEngine::head() const {
    Sequence head = 0;
    for (auto& shard : impl_->shards) head = std::max(head, shard->routed());
    return {0, head};
}

}  // namespace sluice
