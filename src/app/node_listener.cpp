#include "app/node_listener.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "api/openapi.hpp"
#include "app/dashboard_files.hpp"
#include "app/logging.hpp"
#include "control/key_source.hpp"
#include "sources/share_api/route.hpp"

namespace sluice::app {
namespace {

/// An answer that needs no waiting.
boost::asio::awaitable<http::Response> ready(http::Response response) {
    co_return response;
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

http::Server::Options options_of(const Configuration& configuration) {
    auto milliseconds = [](std::chrono::microseconds time) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time);
    };
    http::Server::Options options;
    options.address = configuration.listen.address;
    options.port = configuration.listen.port;
    options.limits.max_body_bytes = configuration.limits.body;
    options.limits.max_bodies_in_memory = configuration.limits.bodies_in_memory;
    options.limits.max_connections = configuration.limits.connections;
    options.limits.head_timeout = milliseconds(configuration.limits.head_timeout);
    options.limits.body_timeout = milliseconds(configuration.limits.body_timeout);
    options.limits.idle_timeout = milliseconds(configuration.limits.idle_timeout);
    options.limits.write_timeout = milliseconds(configuration.limits.write_timeout);
    options.report = [](std::string_view wrong) { spdlog::error("http: {}", wrong); };
    return options;
}

auto authentication_by(Gate& gate) {
    return [&gate](const http::Request& request, std::string_view token) { return gate.admit(request, token); };
}

}  // namespace

NodeListener::NodeListener(Parts parts, api::MetricsPer metrics_per, NodeAnswers node)
    : parts_(parts),
      integration_calls_(parts.directory),
      draft_calls_(parts.directory, parts.engine, parts.registry),
      alert_calls_(parts.alerting.directory(), parts.alerting.sender()),
      node_calls_({parts.engine, parts.tail, parts.reads, metrics_per, std::move(node.status),
                   std::move(node.not_ready), std::move(node.reload),
                   [&access = parts.access](const std::string& sha256) { return access.is_in_force(sha256); }}),
      token_calls_(parts.access, parts.clock),
      org_calls_(parts.access, parts.directory),
      secrets_calls_(parts.sealed, parts.rotations),
      audit_trail_({parts.audit_log, parts.access, parts.directory, parts.alerting.directory(), log_audit_entry}),
      management_(authentication_by(parts.gate), audit()),
      dashboard_(dashboard_files()),
      share_(parts.ingest, authentication_by(parts.gate)),
      http_metrics_(parts.shards.size()) {
    for (const auto& routes : {integration_calls_.routes(), draft_calls_.routes(), node_calls_.routes(),
                               secrets_calls_.routes(), token_calls_.routes(), org_calls_.routes(),
                               audit_trail_.routes(), alert_calls_.routes(), api::description_routes()})
        management_.add(routes);
}

api::ManagementApi::Audit NodeListener::audit() {
    api::ManagementApi::Audit audit;
    audit.begin = [this](const api::Route& route, const api::Call& call) { return audit_trail_.begin(route, call); };
    audit.end = [this](AuditEntry entry, int status, std::string code) {
        return audit_trail_.end(std::move(entry), status, std::move(code));
    };
    return audit;
}

Result<void> NodeListener::open_certificate(const Configuration& configuration, http::Server::Options& options) {
    if (configuration.tls_certificate.empty()) return {};
    auto certificate = read_listener_certificate(configuration.tls_certificate, configuration.tls_key, parts_.clock);
    if (!certificate) return certificate.error();
    if (!certificate->is_valid_now) spdlog::warn("the certificate is not valid now: {}", certificate->description);
    if (auto others = also_readable_by(configuration.tls_key))
        spdlog::warn("the TLS key {} can be read by {}", configuration.tls_key, *others);
    tls_ = certificate->context;
    shown_certificate_ = std::move(certificate->description);
    options.tls = tls_;
    return {};
}

Result<void> NodeListener::start(const Configuration& configuration) {
    auto options = options_of(configuration);
    if (auto opened = open_certificate(configuration, options); !opened) return opened;
    server_ = std::make_unique<http::Server>(
        parts_.shards, std::move(options), [this](http::Request request) { return handle(std::move(request)); },
        [this](http::Request& request) {
            auto refused = check_head(request);
            if (refused)
                http_metrics_.answered(request.shard, http_metrics_.group_of(request.path), refused->status, {});
            return refused;
        });
    return server_->start();
}

void NodeListener::stop(Deadline deadline) {
    if (server_) server_->stop(deadline);
}

boost::asio::awaitable<Result<ListenerCertificate>> NodeListener::fresh_certificate(std::string certificate_file,
                                                                                    std::string key_file) {
    if (!tls_) co_return ListenerCertificate();
    auto read = [this, certificate_file, key_file] {
        return read_listener_certificate(certificate_file, key_file, parts_.clock);
    };
    Result<ListenerCertificate> certificate = co_await parts_.writes.run(std::move(read));
    if (!certificate)
        co_return make_error(certificate.error().code,
                             certificate.error().message + "; the certificate in use stays, and nothing was changed",
                             certificate.error().hint);
    if (!certificate->is_valid_now && certificate->description != shown_certificate_)
        co_return make_error(Errc::invalid_argument,
                             fmt::format("the certificate in {} is not valid now ({}); the one in use stays, and "
                                         "nothing was changed",
                                         certificate_file, certificate->description),
                             "renew it, or put this machine's clock right");
    co_return certificate;
}

void NodeListener::show(ListenerCertificate certificate) {
    if (!certificate.context) return;
    tls_->show_certificate_of(*certificate.context);
    if (shown_certificate_ != certificate.description) spdlog::info("the listener shows {}", certificate.description);
    shown_certificate_ = std::move(certificate.description);
}

std::optional<http::Response> NodeListener::check_head(http::Request& request) {
    if (share_api::is_share_api_path(request.path)) return share_.check_head(request);
    if (api::Dashboard::is_path(request.path)) return dashboard_.check_head(request);
    return management_.check_head(request);
}

boost::asio::awaitable<http::Response> NodeListener::handle(http::Request request) {
    const std::size_t shard = request.shard;
    const std::size_t group = http_metrics_.group_of(request.path);
    auto begun = std::chrono::steady_clock::now();
    auto answer = route(std::move(request));
    http::Response response = co_await std::move(answer);
    http_metrics_.answered(shard, group, response.status, std::chrono::steady_clock::now() - begun);
    co_return response;
}

boost::asio::awaitable<http::Response> NodeListener::route(http::Request request) {
    if (share_api::is_share_api_path(request.path)) return share_.handle(std::move(request));
    if (api::Dashboard::is_path(request.path)) return ready(dashboard_.handle(request));
    return management_.handle(std::move(request));
}

}  // namespace sluice::app
