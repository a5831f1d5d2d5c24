#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/service.hpp"
#include "sandbox/iot_hub/hub_connections.hpp"
#include "sandbox/iot_hub/hub_core.hpp"
#include "sandbox/iot_hub/hub_error.hpp"
#include "sandbox/iot_hub/hub_listener.hpp"
#include "sandbox/iot_hub/hub_requests.hpp"

namespace sluice::sandbox {

/// Azure IoT Hub as devices see it: MQTT on a port of its own, HTTPS on the sandbox's, and the identity registry. One
/// registry stands in for every hub, whatever its host is called.
class IotHubService final : public Service {
  public:
    IotHubService(IotHubOptions options, ReceivedLog& received, FaultInjector& faults, const Clock& clock);

    Result<void> start(const ListenOptions& options) override;
    void stop() override { listener_.stop(); }
    std::vector<Listener> listeners() const override;

    bool claims(const http::Request& request) const override { return hub_route(request).has_value(); }
    boost::asio::awaitable<Outcome> handle(http::Request request) override;

    std::vector<Target> targets() const override;
    std::vector<std::string_view> services() const override { return {"iot_hub"}; }
    std::vector<FaultWords> fault_words() const override;
    /// A device. `settings`: `status` (`enabled`, `disabled`), `primaryKey`, `secondaryKey`; `disconnect` (true) only
    /// cuts its connection off. Errc::conflict when it was registered before and no member is given.
    Result<void> create_target(std::string_view service, std::string_view name, std::string_view settings) override;
    Result<void> delete_target(std::string_view service, std::string_view name) override;

    /// Cuts off a device's connection, as a hub does when it moves devices to another machine.
    void disconnect(const HubIdentity& identity);
    /// MQTT connections that have been let in.
    std::size_t connections() const { return connections_.count(); }
    /// `HostName=…;DeviceId=…;SharedAccessKey=…` of a device; empty when there is none.
    std::string connection_string(std::string_view device) const;

  private:
    HubResult<http::Response> send(http::Request request, const HubRoute& route);
    HubResult<http::Response> change_identity(const http::Request& request, const HubRoute& route);
    HubResult<http::Response> run(http::Request request, const HubRoute& route, const RequestFaults& faults);

    HubCore core_;
    HubConnections connections_;
    HubListener listener_;
    mutable std::mutex mutex_;
    std::string address_;
    bool tls_ = false;
    std::uint16_t port_ = 0;  ///< kept over stop() and start()
};

}  // namespace sluice::sandbox
