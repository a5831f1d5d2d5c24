#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/iot_hub/config.hpp"
#include "destinations/iot_hub/device_session.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice::iot_hub {

/// Delivers over MQTT, each device over a connection of its own. See README.md for limits, order and errors.
class MqttDestination final : public Destination {
  public:
    /// `date_endpoint`: where to ask for the hub's time when it refuses credentials.
    MqttDestination(boost::asio::io_context& io, const Clock& clock, Config config,
                    std::shared_ptr<TlsClientContext> tls, std::optional<Endpoint> date_endpoint);
    ~MqttDestination() override;

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

    std::size_t open_connections() const noexcept;

  private:
    DeviceSession& session_of(std::size_t device);
    boost::asio::awaitable<void> tend_sessions();
    boost::asio::awaitable<bool> probe_hosts(const std::vector<std::size_t>& devices, Deadline deadline,
                                             ProbeReport& report);

    boost::asio::io_context& io_;
    const Config config_;
    HubSurroundings around_;
    std::map<std::string, std::size_t, std::less<>> device_of_target_;
    std::vector<std::unique_ptr<DeviceSession>> sessions_;  ///< by device; made when first needed
    TaskGroup tasks_;
    SignalEvent stop_tending_;
    bool tending_ = false;
    bool closed_ = false;
};

}  // namespace sluice::iot_hub
