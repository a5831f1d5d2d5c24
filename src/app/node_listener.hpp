#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/alert_calls.hpp"
#include "api/audit_trail.hpp"
#include "api/dashboard.hpp"
#include "api/draft_calls.hpp"
#include "api/http_metrics.hpp"
#include "api/integration_calls.hpp"
#include "api/management.hpp"
#include "api/node_calls.hpp"
#include "api/org_calls.hpp"
#include "api/secrets_calls.hpp"
#include "api/token_calls.hpp"
#include "app/alerting.hpp"
#include "app/configuration.hpp"
#include "app/listener_certificate.hpp"
#include "control/gate.hpp"
#include "http/server.hpp"
#include "sources/share_api/routes.hpp"

namespace sluice::app {

/// The ways in: the listener, its certificate, and whoever answers what is asked there.
///
/// Thread: start(), stop() and port() on the main thread; fresh_certificate() and show() on a shard's. Lifecycle:
/// start() once; stop() before it is destroyed; outlived by all of its parts.
class NodeListener {
  public:
    struct Parts {
        ShardSet& shards;
        BlockingPool& reads;
        BlockingPool& writes;
        BlockingPool& rotations;  ///< of the key for secrets
        const Clock& clock;
        const DestinationRegistry& registry;
        Ingest& ingest;
        DeliveryEngine& engine;
        IntegrationDirectory& directory;
        AccessDirectory& access;
        Gate& gate;
        AuditLog& audit_log;
        SealedRecords& sealed;
        Alerting& alerting;
        api::TailHub& tail;
    };
    /// What of the node's own the management API tells and does.
    struct NodeAnswers {
        std::function<api::NodeStatus()> status;
        std::function<std::optional<std::string>()> not_ready;
        std::function<boost::asio::awaitable<Result<IntegrationDirectory::Reloaded>>()> reload;
    };
    NodeListener(Parts parts, api::MetricsPer metrics_per, NodeAnswers node);

    /// The error says which file or address is wrong.
    Result<void> start(const Configuration& configuration);
    void stop(Deadline deadline);

    /// The certificate as its files have it now; nothing in it without TLS. One that cannot be used, or is not valid
    /// now, is an error, and the one in use stays; the one in use does not stand in the way of other changes.
    boost::asio::awaitable<Result<ListenerCertificate>> fresh_certificate(std::string certificate_file,
                                                                          std::string key_file);
    /// To whoever connects from now on.
    void show(ListenerCertificate certificate);

    std::uint16_t port() const { return server_->port(); }
    std::size_t open_connections() const { return server_ ? server_->open_connections() : 0; }
    std::size_t body_bytes() const { return server_ ? server_->body_bytes() : 0; }
    std::vector<api::HttpMetrics::Counts> counts() const { return http_metrics_.counts(); }
    const std::vector<api::Route>& management_routes() const { return management_.table().all(); }

  private:
    std::optional<http::Response> check_head(http::Request& request);
    boost::asio::awaitable<http::Response> handle(http::Request request);
    boost::asio::awaitable<http::Response> route(http::Request request);
    api::ManagementApi::Audit audit();
    Result<void> open_certificate(const Configuration& configuration, http::Server::Options& options);

    Parts parts_;
    api::IntegrationCalls integration_calls_;
    api::DraftCalls draft_calls_;
    api::AlertCalls alert_calls_;
    api::NodeCalls node_calls_;
    api::TokenCalls token_calls_;
    api::OrgCalls org_calls_;
    api::SecretsCalls secrets_calls_;
    api::AuditTrail audit_trail_;
    api::ManagementApi management_;
    api::Dashboard dashboard_;
    share_api::Routes share_;
    api::HttpMetrics http_metrics_;
    std::shared_ptr<TlsServerContext> tls_;  ///< null without TLS
    std::string shown_certificate_;          ///< whose, and until when
    std::unique_ptr<http::Server> server_;
};

}  // namespace sluice::app
