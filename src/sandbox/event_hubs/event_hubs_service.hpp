#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"
#include "sandbox/core/service.hpp"
#include "sandbox/event_hubs/access.hpp"
#include "sandbox/event_hubs/entra.hpp"
#include "sandbox/event_hubs/https_api.hpp"
#include "sandbox/event_hubs/hubs.hpp"
#include "sandbox/event_hubs/kafka_broker.hpp"
#include "sandbox/event_hubs/kafka_server.hpp"

namespace sluice::sandbox {

struct EventHubsOptions {
    Access::Options access;
    EntraTokens::Options entra;
    Hubs::Options hubs;
    KafkaServer::Limits kafka;
};

/// Azure Event Hubs: one namespace, over Kafka on a port of its own and over HTTPS on the sandbox's; with the directory
/// that gives out tokens for it. Both ways in lead to the same event hubs. docs/sandbox.md tells what it does not do.
class EventHubsService final : public Service {
  public:
    EventHubsService(EventHubsOptions options, ReceivedLog& received, FaultInjector& faults, const Clock& clock);

    Result<void> start(const ListenOptions& listen) override;
    void stop() override;
    std::vector<Listener> listeners() const override;

    bool claims(const http::Request& request) const override { return HttpsApi::claims(request); }
    boost::asio::awaitable<Outcome> handle(http::Request request) override { return https_.handle(std::move(request)); }
    std::vector<Target> targets() const override;
    std::vector<std::string_view> services() const override { return {"event_hubs"}; }
    std::vector<FaultWords> fault_words() const override;
    /// `settings`: `{"partitions": 4}`
    Result<void> create_target(std::string_view service, std::string_view name, std::string_view settings) override;
    Result<void> delete_target(std::string_view service, std::string_view name) override;

    const Access& access() const noexcept { return access_; }
    /// What to give to an integration as its endpoint; empty while it does not listen.
    std::string kafka_url() const;

  private:
    EntraTokens tokens_;
    Access access_;
    Hubs hubs_;
    KafkaBroker broker_;
    HttpsApi https_;
    KafkaServer server_;
    mutable std::mutex mutex_;
    std::string url_;
};

}  // namespace sluice::sandbox
