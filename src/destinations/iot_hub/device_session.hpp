#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/iot_hub/config.hpp"
#include "destinations/iot_hub/connected_devices.hpp"
#include "destinations/iot_hub/hub_clock.hpp"
#include "destinations/iot_hub/session_history.hpp"
#include "mqtt/connection.hpp"
#include "net/signal_event.hpp"
#include "net/stream.hpp"
#include "net/turn.hpp"

namespace sluice::iot_hub {

/// What all devices of a destination share. Outlives the sessions.
struct HubSurroundings {
    boost::asio::io_context& io;
    const Clock& clock;
    const Config& config;
    std::shared_ptr<TlsClientContext> tls;  ///< null only when every endpoint is plain
    HubClock hub_clock;
    /// Where to ask what time it is; nothing with an endpoint of one's own.
    std::optional<Endpoint> date_endpoint;
    ConnectedDevices& connected = ConnectedDevices::shared();
};

/// One device over MQTT: connects when something is to be sent, with a token of its own for each connection; renews it
/// by letting what is under way finish and connecting anew, so that nothing is lost or overtaken. While another
/// integration of this process is connected as the device it does not connect. Ownership: the destination. Thread: its
/// shard. Lifecycle: close() awaited before destruction.
class DeviceSession {
  public:
    /// A connection that nothing was sent on for so long is closed.
    static constexpr std::chrono::minutes kMaxIdle{5};

    DeviceSession(HubSurroundings& around, std::size_t device);
    ~DeviceSession();

    /// Sends in order; several may be running.
    boost::asio::awaitable<std::vector<Verdict>> publish(std::span<const mqtt::Outgoing> messages, Deadline deadline);

    /// What a test call finds out.
    struct Check {
        std::optional<Failure> failure;
        bool was_connected = false;  ///< by this integration: taken as the proof, since another connection would end it
    };
    boost::asio::awaitable<Check> check(Deadline deadline);

    /// To be called every few seconds: keeps the connection alive, or lets it go.
    boost::asio::awaitable<void> tend();

    bool is_connected() const noexcept { return connection_ && connection_->is_open(); }
    /// Is there a connection, or somebody who makes one?
    bool is_in_use() const noexcept { return connection_ || gate_.is_taken(); }

    boost::asio::awaitable<void> close(Deadline deadline);

  private:
    using Opened = mqtt::Connection::Opened;

    const Device& device() const noexcept { return around_.config.devices[device_]; }
    const std::string& target() const noexcept { return around_.config.device_names[device_]; }
    /// Nothing when connected; then this caller is counted as one of its users.
    boost::asio::awaitable<std::optional<Failure>> join(Deadline deadline);
    boost::asio::awaitable<std::optional<Failure>> replace(Deadline deadline);
    ConnectedDevices::Claimant claimant() const;
    boost::asio::awaitable<Opened> connect(std::uint16_t keep_alive_seconds, HubClock::Comparison& compared,
                                           Deadline deadline);
    boost::asio::awaitable<void> end_connection(Deadline deadline);
    void leave();
    void note_end(bool publishing);
    bool is_due_for_renewal() const;

    HubSurroundings& around_;
    const std::size_t device_;
    Turn gate_;                                     ///< for who joins or changes the connection
    std::optional<ConnectedDevices::Claim> claim_;  ///< from before there is a connection until there is none
    std::unique_ptr<mqtt::Connection> connection_;
    bool end_is_noted_ = false;
    SteadyTime renew_at_ = SteadyTime::max();
    SteadyTime last_use_{};
    std::size_t users_ = 0;
    SignalEvent no_users_;
    SessionHistory history_;
    std::size_t failed_attempts_ = 0;
    std::optional<Failure> last_failure_;
};

}  // namespace sluice::iot_hub
