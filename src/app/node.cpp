#include "app/node.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "app/alerting.hpp"
#include "app/data_folder.hpp"
#include "app/destinations.hpp"
#include "app/logging.hpp"
#include "app/node_listener.hpp"
#include "app/progress.hpp"
#include "app/secrets_keys.hpp"
#include "app/transition_log.hpp"
#include "app/version.hpp"
#include "control/access_directory.hpp"
#include "control/access_upkeep.hpp"
#include "control/audit_log.hpp"
#include "control/gate.hpp"
#include "control/integration_directory.hpp"
#include "control/sealed_records.hpp"
#include "control/token_directory.hpp"
#include "delivery/engine.hpp"
#include "delivery/retention.hpp"
#include "delivery/state_watch.hpp"
#include "ingest/ingest.hpp"
#include "log/segment_log.hpp"
#include "net/heartbeat.hpp"
#include "net/shard.hpp"
#include "store/control_store.hpp"
#include "store/cursor_store.hpp"
#include "store/database.hpp"
#include "store/object_index.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kReadThreads = 2;
/// Lists of the Share API may look at millions of objects: not on the threads that writes and delivery read with.
constexpr std::size_t kListThreads = 2;
/// What an envelope adds to the caller's JSON, at most.
constexpr std::size_t kEnvelopeRoom = 64 << 10;

/// Runs `task` on a shard and waits for it on this thread, which is no shard's.
template <class T>
T wait_on(Shard& shard, boost::asio::awaitable<T> task) {
    std::promise<T> promise;
    auto future = promise.get_future();
    boost::asio::co_spawn(shard.io(), std::move(task), [&promise](std::exception_ptr failure, T value) {
        if (failure)
            promise.set_exception(failure);
        else
            promise.set_value(std::move(value));
    });
    return future.get();
}

boost::asio::awaitable<bool> stop_delivery(AccessUpkeep& upkeep, Alerting& alerting, Retention& retention,
                                           DeliveryEngine& engine, Deadline deadline) {
    co_await upkeep.stop();
    co_await alerting.stop();
    co_await retention.stop();
    co_await engine.stop(deadline);
    co_return true;
}

/// Sluice's own tokens cannot be guessed; those that somebody chose may be.
void warn_of_short_tokens(const Configuration& configuration) {
    constexpr std::size_t kShort = 16;
    for (const auto& token : configuration.tokens)
        if (token.token.reveal().size() < kShort)
            spdlog::warn(
                "the token \"{}\" in {} has fewer than {} characters and may be guessed; make one with: sluice tokens "
                "create",
                token.name, configuration.file, kShort);
}

AccessDirectory::FromFile access_of(const Configuration& configuration) {
    AccessDirectory::FromFile file;
    file.tokens = configuration.tokens;
    file.orgs = configuration.orgs;
    file.rate = configuration.limits.token_requests;
    return file;
}

boost::asio::awaitable<bool> stop_watch(StateWatch& watch) {
    co_await watch.stop();
    co_return true;
}

boost::asio::awaitable<bool> stop_heartbeat(Heartbeat& heartbeat) {
    co_await heartbeat.stop();
    co_return true;
}

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t total = 0, resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

struct Node::Impl {
    Impl(Configuration given, std::function<Result<Configuration>()> again)
        : configuration(std::move(given)),
          read_again(std::move(again)),
          registry(make_registry()),
          hard_limit(configuration.hard_limit) {}

    Result<void> open_store();
    Result<void> start_delivery();
    Result<void> start_listener();
    void stop(Deadline deadline);
    api::NodeStatus status() const;
    void tell_of(const ObjectIndex::Damage& damage);
    std::optional<std::string> not_ready() const;

    boost::asio::awaitable<Result<IntegrationDirectory::Reloaded>> reload();
    Result<void> start_access();
    void change_retention();
    RetentionSettings retention_settings() const;

    Configuration configuration;
    std::function<Result<Configuration>()> read_again;
    DestinationRegistry registry;
    const Clock& clock = SystemClock::instance();
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

    std::unique_ptr<ShardSet> shards;
    std::unique_ptr<BlockingPool> reads, lists, writes, rotations;
    std::unique_ptr<BlockingPool> changes;  ///< of orgs and tokens, one after another
    std::unique_ptr<EventLog> log;
    std::shared_ptr<Database> database;
    std::unique_ptr<CursorStore> cursors;
    std::unique_ptr<ControlStore> control;
    std::unique_ptr<SealedRecords> sealed;
    std::unique_ptr<ObjectIndex> index;
    std::unique_ptr<Ingest> ingest;
    std::unique_ptr<DeliveryEngine> engine;
    std::unique_ptr<IntegrationDirectory> directory;
    std::unique_ptr<Retention> retention;
    std::atomic<bool> memory_given_back{false};
    std::unique_ptr<AccessDirectory> access;
    std::unique_ptr<AccessUpkeep> access_upkeep;
    std::unique_ptr<Gate> gate;
    std::unique_ptr<AuditLog> audit_log;
    std::unique_ptr<StateWatch> watch;  ///< what becomes of integrations: told to the log and to alerts
    std::unique_ptr<Alerting> alerting;
    std::unique_ptr<Heartbeat> heartbeat;
    std::optional<Secret> new_admin_token;
    api::TailHub tail;
    std::atomic<std::uint64_t> unreadable_events{0}, unreadable_objects{0};
    std::atomic<std::uint64_t> hard_limit;  ///< as the configuration has it; read by whoever asks for metrics
    std::unique_ptr<NodeListener> listener;
    bool running = false;
};

Result<void> Node::Impl::open_store() {
    const auto& folder = configuration.data_dir;
    if (std::error_code failed = make_private_folder(folder))
        return make_error(Errc::io, fmt::format("cannot make the data folder {}: {}", folder, failed.message()),
                          "choose another with --data-dir, or let this user write there");
    DataFolder data{folder};
    if (auto known = check_data_folder(data); !known) return known;
    // The log first: its lock keeps a second process from touching anything.
    SegmentLogOptions log_options;
    log_options.folder = data.log();
    log_options.segment_bytes = configuration.segment_size;
    log_options.max_waiting_bytes = configuration.limits.waiting;
    log_options.max_record_bytes = configuration.limits.object + kEnvelopeRoom;
    log_options.min_free_disk = configuration.min_free_disk;
    auto opened_log = SegmentLog::open(std::move(log_options));
    if (!opened_log) return opened_log.error();
    log = std::move(*opened_log);

    // A restore that began since the first look is seen here, or has seen that there is a log: one of the two ends.
    if (auto known = check_data_folder(data); !known) return known;
    if (auto marked = mark_data_format(data); !marked) return marked;

    auto opened_database = Database::open(data.database());
    if (!opened_database) return opened_database.error();
    database = std::move(*opened_database);
    auto opened_cursors = CursorStore::open(database);
    if (!opened_cursors) return opened_cursors.error();
    cursors = std::move(*opened_cursors);
    auto opened_control = ControlStore::open(database);
    if (!opened_control) return opened_control.error();
    control = std::move(*opened_control);
    auto opened_index = ObjectIndex::open(database, *log, clock, configuration.objects,
                                          [this](const ObjectIndex::Damage& damage) { tell_of(damage); });
    if (!opened_index) return opened_index.error();
    index = std::move(*opened_index);

    Progress progress("catching up the object index");
    auto caught_up = index->catch_up([&](Sequence at, Sequence head) { progress.update(at, head); });
    if (!caught_up) return caught_up.error();

    return {};
}

Result<void> Node::Impl::start_access() {
    auto admin = admin_token(*control, configuration.admin_token);
    if (!admin) return admin.error();
    new_admin_token = std::move(admin->to_show);
    access = std::make_unique<AccessDirectory>(AccessDirectory::Parts{*control, *changes, clock});
    access->on_orgs_changed([this] {
        if (running) change_retention();
    });
    auto loaded = access->load(access_of(configuration), std::move(*admin));
    if (!loaded) return configuration.locate(loaded.error());
    warn_of_short_tokens(configuration);
    configuration.tokens.clear();  // their texts have served
    gate =
        std::make_unique<Gate>(*access, clock, shards->size(), configuration.limits.failed_authentications_per_minute);
    audit_log = std::make_unique<AuditLog>(AuditLog::Parts{*control, *changes, clock});
    if (auto read = audit_log->load(); !read) return read;
    access_upkeep = std::make_unique<AccessUpkeep>((*shards)[0].io(), *access, *changes,
                                                   [](const std::string& wrong) { spdlog::warn("{}", wrong); });
    return {};
}

Result<void> Node::Impl::start_delivery() {
    auto count = configuration.shards != 0 ? configuration.shards : std::max(1u, std::thread::hardware_concurrency());
    shards = std::make_unique<ShardSet>(count);
    reads = std::make_unique<BlockingPool>("reads", kReadThreads);
    lists = std::make_unique<BlockingPool>("lists", kListThreads);
    writes = std::make_unique<BlockingPool>("writes", 1);
    changes = std::make_unique<BlockingPool>("changes", 1);
    if (auto known = start_access(); !known) return known;
    rotations = std::make_unique<BlockingPool>("rotations", 1);

    Ingest::Options ingest_options;
    ingest_options.limits.data.max_bytes = configuration.limits.object;
    ingest_options.limits.data.max_depth = configuration.limits.depth;
    ingest_options.limits.max_body_bytes = configuration.limits.body;
    // Asked for every write; there is no retention, and no backlog, before the first look.
    ingest_options.over_backlog = [this](std::string_view org) { return retention && retention->over_backlog(org); };
    ingest = std::make_unique<Ingest>(*log, *index, *reads, *lists, clock, std::move(ingest_options));

    DeliveryOptions delivery_options;
    delivery_options.deliver_timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(configuration.limits.deliver_timeout);
    delivery_options.on_paused = [this](const std::string& id, const std::string& reason) {
        if (directory) directory->remember_paused(id, reason);
    };
    delivery_options.on_replay = [this](const std::string& id, const ReplayStatus& replay) {
        if (directory) directory->remember_replay(id, replay);
    };
    delivery_options.on_memory_given_back = [this] { memory_given_back = true; };
    delivery_options.backlog_of = [this](const std::string& id) {
        return retention ? retention->backlog_of(id) : DeliveryOptions::Backlog();
    };
    engine = std::make_unique<DeliveryEngine>(*shards, *log, *cursors, registry, *reads, *writes, clock,
                                              std::move(delivery_options));
    log->add_commit_listener([this](std::shared_ptr<const CommittedBatch> batch) { tail.on_commit(std::move(batch)); });

    auto keys = secrets_keys_of(configuration);
    if (auto warning = keys->warning()) spdlog::warn("{}", *warning);
    auto opened_secrets = SealedRecords::open(*control, std::move(keys));
    if (!opened_secrets) return opened_secrets.error();
    sealed = std::move(*opened_secrets);
    directory = std::make_unique<IntegrationDirectory>(
        IntegrationDirectory::Parts{*engine, *control, *sealed, *cursors, registry, *writes, clock},
        configuration.allow_loopback_to_tenants);

    Retention::Parts retained{(*shards)[0].io(), *log, *index, *engine, *writes, clock};
    retained.daily = [this] { return directory->forget_long_gone(); };
    retained.kept = configuration.objects;
    retained.sweeper = reads.get();
    // Together for all that gave memory back since: it takes milliseconds.
    retained.upkeep = [this] {
        if (memory_given_back.exchange(false)) ::malloc_trim(0);
    };
    retention = std::make_unique<Retention>(std::move(retained), retention_settings(),
                                            [](const std::string& warning) { spdlog::warn("{}", warning); });

    watch = std::make_unique<StateWatch>((*shards)[0].io(), *engine, clock);
    watch->listen(log_pace(), log_transition);
    alerting =
        std::make_unique<Alerting>(Alerting::Parts{(*shards)[0].io(), *control, *sealed, registry, *writes, clock},
                                   configuration.allow_loopback_to_tenants);
    if (auto opened = alerting->open(configuration, *watch); !opened) return opened;

    shards->start();
    ingest->start();
    engine->start();
    running = true;
    auto loaded = wait_on((*shards)[0], directory->load(std::move(configuration.integrations), configuration.locate));
    if (!loaded) return loaded;
    // The file's text and lines have served; with thousands of integrations they are megabytes.
    configuration.integrations = {};
    configuration.locate = [](const Error& error) { return error; };
    ::malloc_trim(0);
    // Only once every integration is there: none may be overlooked when segments go.
    boost::asio::post((*shards)[0].io(), [this] {
        retention->start();
        access_upkeep->start();
        watch->start();
    });
    return {};
}

RetentionSettings Node::Impl::retention_settings() const {
    RetentionSettings settings;
    settings.age = configuration.retention_age;
    settings.size = configuration.retention_size;
    settings.hard_limit = configuration.hard_limit;
    settings.org_backlog = configuration.limits.org_backlog;
    settings.org_backlogs = access->org_backlogs();
    return settings;
}

void Node::Impl::change_retention() {
    // Retention is the first shard's, and so are the settings that a reload may change.
    boost::asio::post((*shards)[0].io(), [this] { retention->change(retention_settings()); });
}

boost::asio::awaitable<Result<IntegrationDirectory::Reloaded>> Node::Impl::reload() {
    if (!read_again)
        co_return make_error(Errc::conflict, "there is no configuration file to reload", "start with --config FILE");
    auto read = [this] { return read_again(); };
    Result<Configuration> fresh = co_await writes->run(std::move(read));
    if (!fresh) co_return fresh.error();
    if (auto fixed = changed_for_restart(configuration, *fresh); !fixed.empty())
        co_return make_error(Errc::invalid_argument,
                             fixed + " changed, which a reload cannot apply; nothing was changed",
                             "restart Sluice, or take that change back");
    Result<ListenerCertificate> new_certificate =
        co_await listener->fresh_certificate(fresh->tls_certificate, fresh->tls_key);
    if (!new_certificate) co_return new_certificate.error();
    warn_of_short_tokens(*fresh);
    AccessDirectory::FromFile fresh_access = access_of(*fresh);
    if (auto good = access->check(fresh_access); !good) co_return fresh->locate(good.error());
    auto new_alerts = AlertDirectory::check(fresh->alerts, fresh->locate);
    if (!new_alerts) co_return new_alerts.error();
    if (auto possible = alerting->directory().check_reload(*new_alerts); !possible) co_return possible.error();
    Result<IntegrationDirectory::Reloaded> done =
        co_await directory->reload(std::move(fresh->integrations), fresh->locate);
    if (!done) co_return done.error();
    // From here on nothing can fail.
    access->apply(std::move(fresh_access));
    listener->show(std::move(*new_certificate));
    alerting->directory().reload(std::move(*new_alerts));
    auto apply = [this, fresh = std::move(*fresh)]() mutable {
        configuration.tls_certificate = std::move(fresh.tls_certificate);
        configuration.tls_key = std::move(fresh.tls_key);
        configuration.retention_age = fresh.retention_age;
        configuration.retention_size = fresh.retention_size;
        configuration.hard_limit = fresh.hard_limit;
        hard_limit.store(fresh.hard_limit, std::memory_order_relaxed);
        configuration.limits.org_backlog = fresh.limits.org_backlog;
        configuration.log_level = fresh.log_level;
        set_log_level(configuration.log_level);
        retention->change(retention_settings());
    };
    // Retention is the first shard's; a reload may have been asked for on another.
    boost::asio::post((*shards)[0].io(), std::move(apply));
    co_return done;
}

Result<void> Node::Impl::start_listener() {
    NodeListener::NodeAnswers answers;
    answers.status = [this] { return status(); };
    answers.not_ready = [this] { return not_ready(); };
    answers.reload = [this] { return reload(); };
    listener = std::make_unique<NodeListener>(
        NodeListener::Parts{*shards, *reads, *writes, *rotations, clock, registry, *ingest, *engine, *directory,
                            *access, *gate, *audit_log, *sealed, *alerting, tail},
        configuration.metrics_per, std::move(answers));
    return listener->start(configuration);
}

api::NodeStatus Node::Impl::status() const {
    api::NodeStatus out;
    out.version = kVersion;
    out.uptime_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    out.log = log->stats();
    out.unreadable_events = unreadable_events.load(std::memory_order_relaxed);
    out.unreadable_objects = unreadable_objects.load(std::memory_order_relaxed);
    out.hard_limit_bytes = hard_limit.load(std::memory_order_relaxed);
    out.disk_floor_bytes = configuration.min_free_disk;
    std::error_code unknown;
    if (auto space = std::filesystem::space(configuration.data_dir, unknown); !unknown)
        out.disk_free_bytes = space.available;
    out.ready = !not_ready();
    out.cpu_seconds = cpu_seconds();
    if (listener) out.http = listener->counts();
    out.database_bytes = database->bytes_on_disk();
    out.open_connections = listener ? listener->open_connections() : 0;
    out.body_bytes = listener ? listener->body_bytes() : 0;
    out.ingest_waiting_bytes = ingest->waiting_bytes();
    out.resident_bytes = resident_bytes();
    return out;
}

void Node::Impl::tell_of(const ObjectIndex::Damage& damage) {
    unreadable_events.fetch_add(damage.events, std::memory_order_relaxed);
    unreadable_objects.fetch_add(damage.objects, std::memory_order_relaxed);
    spdlog::error("{}", damage.message);
}

std::optional<std::string> Node::Impl::not_ready() const {
    if (auto failed = ingest->index_error()) return "the object index cannot be written: " + failed->message;
    std::error_code unknown;
    auto space = std::filesystem::space(configuration.data_dir, unknown);
    if (!unknown && space.available < configuration.min_free_disk)
        return fmt::format("writes are refused: {} bytes of disk are free, and min_free_disk is {}", space.available,
                           configuration.min_free_disk);
    return std::nullopt;
}

void Node::Impl::stop(Deadline deadline) {
    if (running && watch) wait_on((*shards)[0], stop_watch(*watch));
    // Ways in first, then ways out, then what both rest on.
    tail.close();
    // Who waits for a redelivery has an answer while there is still a connection to send it on.
    if (running && engine) engine->begin_stop(deadline);
    if (listener) listener->stop(deadline);
    if (heartbeat) wait_on((*shards)[0], stop_heartbeat(*heartbeat));
    if (running) wait_on((*shards)[0], stop_delivery(*access_upkeep, *alerting, *retention, *engine, deadline));
    if (log) log->close();
    if (ingest) ingest->stop();
    if (running) shards->stop_and_join();
    if (reads) reads->stop();
    if (lists) lists->stop();
    if (writes) writes->stop();
    if (changes) changes->stop();
    if (rotations) rotations->stop();
    if (cursors)
        if (auto synced = cursors->sync(); !synced)
            spdlog::error("cursors could not be synced: {}", synced.error().message);
    if (database)
        if (auto flushed = database->flush(); !flushed)
            spdlog::error("the database could not be flushed: {}", flushed.error().message);
    running = false;
}

Node::Node(Configuration configuration, std::function<Result<Configuration>()> read_again)
    : impl_(std::make_unique<Impl>(std::move(configuration), std::move(read_again))) {}

Node::~Node() {
    if (impl_ && impl_->running) impl_->stop(Deadline::after(std::chrono::seconds(1)));
}

Result<void> Node::start() {
    for (auto step : {&Impl::open_store, &Impl::start_delivery, &Impl::start_listener})
        if (auto done = (*impl_.*step)(); !done) return done;
    return {};
}

void Node::start_heartbeat(std::chrono::microseconds interval, std::function<void()> beat) {
    impl_->heartbeat = std::make_unique<Heartbeat>(*impl_->shards, interval, std::move(beat));
    boost::asio::post((*impl_->shards)[0].io(), [heartbeat = impl_->heartbeat.get()] { heartbeat->start(); });
}

void Node::stop(Deadline deadline) {
    impl_->stop(deadline);
}

Result<std::string> Node::reload() {
    auto done = wait_on((*impl_->shards)[0], impl_->reload());
    if (!done) return done.error();
    return fmt::format("integrations: {} added, {} changed, {} removed, {} untouched", done->added.size(),
                       done->changed.size(), done->removed.size(), done->unchanged);
}

const std::vector<api::Route>& Node::management_routes() const {
    return impl_->listener->management_routes();
}
std::uint16_t Node::port() const {
    return impl_->listener->port();
}
const std::optional<Secret>& Node::new_admin_token() const {
    return impl_->new_admin_token;
}

}  // namespace sluice::app
