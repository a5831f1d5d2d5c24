#include "app/node.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
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

#include "api/alert_calls.hpp"
#include "api/audit_trail.hpp"
#include "api/dashboard.hpp"
#include "api/draft_calls.hpp"
#include "api/http_metrics.hpp"
#include "api/integration_calls.hpp"
#include "api/management.hpp"
#include "api/node_calls.hpp"
#include "api/openapi.hpp"
#include "api/org_calls.hpp"
#include "api/secrets_calls.hpp"
#include "api/token_calls.hpp"
#include "app/alerting.hpp"
#include "app/dashboard_files.hpp"
#include "app/data_folder.hpp"
#include "app/destinations.hpp"
#include "app/listener_certificate.hpp"
#include "app/logging.hpp"
#include "app/progress.hpp"
#include "app/secrets_keys.hpp"
#include "app/transition_log.hpp"
#include "app/version.hpp"
#include "control/access_directory.hpp"
#include "control/access_upkeep.hpp"
#include "control/audit_log.hpp"
#include "control/gate.hpp"
#include "control/integration_directory.hpp"
#include "control/key_source.hpp"
#include "control/sealed_records.hpp"
#include "control/token_directory.hpp"
#include "delivery/engine.hpp"
#include "delivery/retention.hpp"
#include "delivery/state_watch.hpp"
#include "http/server.hpp"
#include "ingest/ingest.hpp"
#include "log/segment_log.hpp"
#include "net/heartbeat.hpp"
#include "net/shard.hpp"
#include "sources/share_api/route.hpp"
#include "sources/share_api/routes.hpp"
#include "store/control_store.hpp"
#include "store/cursor_store.hpp"
#include "store/database.hpp"
#include "store/object_index.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kReadThreads = 2;
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

/// An answer that needs no waiting.
boost::asio::awaitable<http::Response> ready(http::Response response) {
    co_return response;
}

boost::asio::awaitable<bool> stop_delivery(AccessUpkeep& upkeep, Alerting& alerting, Retention& retention,
                                           DeliveryEngine& engine, Deadline deadline) {
    co_await upkeep.stop();
    co_await alerting.stop();
    co_await retention.stop();
    co_await engine.stop(deadline);
    co_return true;
}

void log_audit_entry(const AuditEntry& entry, const std::string& error) {
    log_event(LogLevel::info, "audit",
              {{"token", entry.token_name},
               {"org", entry.caller_org},
               {"remote_address", entry.remote_address},
               {"action", entry.action.substr(0, entry.action.find(' '))},
               {"path", entry.target},
               {"status", std::to_string(entry.status)},
               {"code", entry.code},
               {"members", fmt::format("{}", fmt::join(entry.members, ","))}});
    if (!error.empty()) spdlog::error("the audit log could not be written: {}", error);
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
    std::optional<std::string> not_ready() const;
    std::optional<http::Response> check_head(http::Request& request);
    boost::asio::awaitable<http::Response> handle(http::Request request);
    boost::asio::awaitable<http::Response> route(http::Request request);

    boost::asio::awaitable<Result<IntegrationDirectory::Reloaded>> reload();
    Result<void> start_access();
    api::ManagementApi::Audit audit() const;
    void change_retention();
    boost::asio::awaitable<Result<ListenerCertificate>> fresh_certificate(const Configuration& fresh);
    RetentionSettings retention_settings() const;

    Configuration configuration;
    std::function<Result<Configuration>()> read_again;
    DestinationRegistry registry;
    const Clock& clock = SystemClock::instance();
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

    std::unique_ptr<ShardSet> shards;
    std::unique_ptr<BlockingPool> reads, writes, rotations;
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
    std::unique_ptr<AccessDirectory> access;
    std::unique_ptr<AccessUpkeep> access_upkeep;
    std::unique_ptr<Gate> gate;
    std::unique_ptr<AuditLog> audit_log;
    std::unique_ptr<StateWatch> watch;  ///< what becomes of integrations: told to the log and to alerts
    std::unique_ptr<Alerting> alerting;
    std::unique_ptr<Heartbeat> heartbeat;
    std::optional<Secret> new_admin_token;
    api::TailHub tail;
    std::unique_ptr<api::IntegrationCalls> integration_calls;
    std::unique_ptr<api::DraftCalls> draft_calls;
    std::unique_ptr<api::NodeCalls> node_calls;
    std::unique_ptr<api::TokenCalls> token_calls;
    std::unique_ptr<api::OrgCalls> org_calls;
    std::unique_ptr<api::AuditTrail> audit_trail;
    std::unique_ptr<api::SecretsCalls> secrets_calls;
    std::unique_ptr<api::AlertCalls> alert_calls;
    std::unique_ptr<api::ManagementApi> management;
    api::Dashboard dashboard{dashboard_files()};
    std::unique_ptr<share_api::Routes> share;
    std::unique_ptr<api::HttpMetrics> http_metrics;
    std::atomic<std::uint64_t> hard_limit;  ///< as the configuration has it; read by whoever asks for metrics
    std::unique_ptr<http::Server> server;
    std::shared_ptr<TlsServerContext> tls;  ///< what the listener shows; null without TLS
    std::string shown_certificate;          ///< whose, and until when
    bool running = false;
};

Result<void> Node::Impl::open_store() {
    const auto& folder = configuration.data_dir;
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
        return make_error(Errc::io, fmt::format("cannot make the data folder {}: {}", folder, failed.message()),
                          "choose another with --data-dir, or let this user write there");
    DataFolder data{folder};
    if (auto known = check_data_format(data); !known) return known;
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
    auto opened_index = ObjectIndex::open(database, *log, clock, configuration.objects);
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
    ingest = std::make_unique<Ingest>(*log, *index, *reads, clock, std::move(ingest_options));

    DeliveryOptions delivery_options;
    delivery_options.deliver_timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(configuration.limits.deliver_timeout);
    delivery_options.on_paused = [this](const std::string& id, const std::string& reason) {
        if (directory) directory->remember_paused(id, reason);
    };
    delivery_options.on_replay = [this](const std::string& id, const ReplayStatus& replay) {
        if (directory) directory->remember_replay(id, replay);
    };
    delivery_options.backlog_of = [this](const std::string& id) {
        return retention ? retention->backlog_of(id) : DeliveryOptions::Backlog();
    };
    engine = std::make_unique<DeliveryEngine>(*shards, *log, *cursors, registry, *reads, *writes, clock,
                                              std::move(delivery_options));
    log->add_commit_listener([this](std::shared_ptr<const CommittedBatch> batch) { tail.on_commit(*batch); });

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

/// The listener's certificate as its files have it now; nothing in it without TLS. One that cannot be used, or is not
/// valid now, is an error, and the one in use stays; the one in use does not stand in the way of other changes.
boost::asio::awaitable<Result<ListenerCertificate>> Node::Impl::fresh_certificate(const Configuration& fresh) {
    if (!tls) co_return ListenerCertificate();
    auto read = [this, certificate = fresh.tls_certificate, key = fresh.tls_key] {
        return read_listener_certificate(certificate, key, clock);
    };
    Result<ListenerCertificate> certificate = co_await writes->run(std::move(read));
    if (!certificate)
        co_return make_error(certificate.error().code,
                             certificate.error().message + "; the certificate in use stays, and nothing was changed",
                             certificate.error().hint);
    if (!certificate->is_valid_now && certificate->description != shown_certificate)
        co_return make_error(Errc::invalid_argument,
                             fmt::format("the certificate in {} is not valid now ({}); the one in use stays, and "
                                         "nothing was changed",
                                         fresh.tls_certificate, certificate->description),
                             "renew it, or put this machine's clock right");
    co_return certificate;
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
    Result<ListenerCertificate> new_certificate = co_await fresh_certificate(*fresh);
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
    if (new_certificate->context) {
        tls->show_certificate_of(*new_certificate->context);
        if (shown_certificate != new_certificate->description)
            spdlog::info("the listener shows {}", new_certificate->description);
        shown_certificate = std::move(new_certificate->description);
    }
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

api::ManagementApi::Audit Node::Impl::audit() const {
    api::ManagementApi::Audit audit;
    audit.begin = [this](const api::Route& route, const api::Call& call) { return audit_trail->begin(route, call); };
    audit.end = [this](AuditEntry entry, int status, std::string code) {
        return audit_trail->end(std::move(entry), status, std::move(code));
    };
    return audit;
}

Result<void> Node::Impl::start_listener() {
    auto authenticate = [this](const http::Request& request, std::string_view token) {
        return gate->admit(request, token);
    };
    share = std::make_unique<share_api::Routes>(*ingest, authenticate);
    integration_calls = std::make_unique<api::IntegrationCalls>(*directory);
    draft_calls = std::make_unique<api::DraftCalls>(*directory, *engine, registry);
    alert_calls = std::make_unique<api::AlertCalls>(alerting->directory(), alerting->sender());
    node_calls = std::make_unique<api::NodeCalls>(api::NodeCalls::Parts{
        *engine, tail, *reads, configuration.metrics_per, [this] { return status(); }, [this] { return not_ready(); },
        [this] { return reload(); }, [this](const std::string& sha256) { return access->is_in_force(sha256); }});
    token_calls = std::make_unique<api::TokenCalls>(*access, clock);
    org_calls = std::make_unique<api::OrgCalls>(*access, *directory);
    secrets_calls = std::make_unique<api::SecretsCalls>(*sealed, *rotations);
    audit_trail = std::make_unique<api::AuditTrail>(
        api::AuditTrail::Parts{*audit_log, *access, *directory, alerting->directory(), log_audit_entry});
    management = std::make_unique<api::ManagementApi>(authenticate, audit());
    management->add(integration_calls->routes());
    management->add(draft_calls->routes());
    management->add(node_calls->routes());
    management->add(secrets_calls->routes());
    management->add(token_calls->routes());
    management->add(org_calls->routes());
    management->add(audit_trail->routes());
    management->add(api::description_routes());
    management->add(alert_calls->routes());

    http::Server::Options options;
    options.address = configuration.listen.address;
    options.port = configuration.listen.port;
    options.limits.max_body_bytes = configuration.limits.body;
    options.limits.max_connections = configuration.limits.connections;
    http_metrics = std::make_unique<api::HttpMetrics>(shards->size());
    auto milliseconds = [](std::chrono::microseconds time) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time);
    };
    options.limits.head_timeout = milliseconds(configuration.limits.head_timeout);
    options.limits.body_timeout = milliseconds(configuration.limits.body_timeout);
    options.limits.idle_timeout = milliseconds(configuration.limits.idle_timeout);
    options.limits.write_timeout = milliseconds(configuration.limits.write_timeout);
    options.report = [](std::string_view wrong) { spdlog::error("http: {}", wrong); };
    if (!configuration.tls_certificate.empty()) {
        auto certificate = read_listener_certificate(configuration.tls_certificate, configuration.tls_key, clock);
        if (!certificate) return certificate.error();
        if (!certificate->is_valid_now) spdlog::warn("the certificate is not valid now: {}", certificate->description);
        if (auto others = also_readable_by(configuration.tls_key))
            spdlog::warn("the TLS key {} can be read by {}", configuration.tls_key, *others);
        tls = certificate->context;
        shown_certificate = certificate->description;
        options.tls = tls;
    }
    server = std::make_unique<http::Server>(
        *shards, std::move(options), [this](http::Request request) { return handle(std::move(request)); },
        [this](http::Request& request) {
            auto refused = check_head(request);
            if (refused)
                http_metrics->answered(request.shard, http_metrics->group_of(request.path), refused->status, {});
            return refused;
        });
    return server->start();
}

std::optional<http::Response> Node::Impl::check_head(http::Request& request) {
    if (share_api::is_share_api_path(request.path)) return share->check_head(request);
    if (api::Dashboard::is_path(request.path)) return dashboard.check_head(request);
    return management->check_head(request);
}

boost::asio::awaitable<http::Response> Node::Impl::handle(http::Request request) {
    const std::size_t shard = request.shard;
    const std::size_t group = http_metrics->group_of(request.path);
    auto begun = std::chrono::steady_clock::now();
    auto answer = route(std::move(request));
    http::Response response = co_await std::move(answer);
    http_metrics->answered(shard, group, response.status, std::chrono::steady_clock::now() - begun);
    co_return response;
}

boost::asio::awaitable<http::Response> Node::Impl::route(http::Request request) {
    if (share_api::is_share_api_path(request.path)) return share->handle(std::move(request));
    if (api::Dashboard::is_path(request.path)) return ready(dashboard.handle(request));
    return management->handle(std::move(request));
}

api::NodeStatus Node::Impl::status() const {
    api::NodeStatus out;
    out.version = kVersion;
    out.uptime_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    out.log = log->stats();
    out.hard_limit_bytes = hard_limit.load(std::memory_order_relaxed);
    out.disk_floor_bytes = configuration.min_free_disk;
    std::error_code unknown;
    if (auto space = std::filesystem::space(configuration.data_dir, unknown); !unknown)
        out.disk_free_bytes = space.available;
    out.ready = !not_ready();
    out.cpu_seconds = cpu_seconds();
    if (http_metrics) out.http = http_metrics->counts();
    out.database_bytes = database->bytes_on_disk();
    out.open_connections = server ? server->open_connections() : 0;
    out.ingest_waiting_bytes = ingest->waiting_bytes();
    out.resident_bytes = resident_bytes();
    return out;
}

std::optional<std::string> Node::Impl::not_ready() const {
    if (auto failed = ingest->index_error()) return "the object index cannot be written: " + failed->message;
    return std::nullopt;
}

void Node::Impl::stop(Deadline deadline) {
    if (running && watch) wait_on((*shards)[0], stop_watch(*watch));
    // Ways in first, then ways out, then what both rest on.
    tail.close();
    if (server) server->stop(deadline);
    if (heartbeat) wait_on((*shards)[0], stop_heartbeat(*heartbeat));
    if (running) wait_on((*shards)[0], stop_delivery(*access_upkeep, *alerting, *retention, *engine, deadline));
    if (log) log->close();
    if (ingest) ingest->stop();
    if (running) shards->stop_and_join();
    if (reads) reads->stop();
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
    return impl_->management->table().all();
}
std::uint16_t Node::port() const {
    return impl_->server->port();
}
const std::optional<Secret>& Node::new_admin_token() const {
    return impl_->new_admin_token;
}

}  // namespace sluice::app
