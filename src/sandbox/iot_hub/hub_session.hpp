#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mqtt/decoder.hpp"
#include "mqtt/packet.hpp"
#include "net/signal_event.hpp"
#include "net/stream.hpp"
#include "sandbox/iot_hub/hub_connections.hpp"
#include "sandbox/iot_hub/hub_core.hpp"

namespace sluice::sandbox {

/// One device's MQTT connection to the hub: CONNECT checked, telemetry taken and acknowledged in order, cut off for
/// what a hub cuts off for. Thread: the listener's shard. Lifecycle: run() to its end, then destroyed; end() brings
/// that about.
class HubSession : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    HubSession(boost::asio::io_context& io, HubCore& core, HubConnections& connections, std::unique_ptr<Stream> stream);
    ~HubSession();

    boost::asio::awaitable<void> run();
    /// Cuts the connection off, at once. `reason` is what a hub would write to its own log.
    void end(std::string reason);
    /// Looks whether the device has been silent for too long, or its token has run out.
    void look_at_clock();

  private:
    boost::asio::awaitable<void> handle(mqtt::Packet packet);
    boost::asio::awaitable<void> on_connect(mqtt::Connect connect);
    boost::asio::awaitable<void> on_publish(mqtt::Publish publish);
    /// Answers nothing any more, and is not cut off for a good while.
    void hang();
    void on_subscribe(const mqtt::Subscribe& subscribe);
    void refuse(mqtt::ConnectCode code, std::string reason);
    /// Ends once what is waiting has been sent; nothing further is looked at.
    void finish(std::string reason);
    boost::asio::awaitable<void> flush();
    /// Sends what is waiting, then lets time pass; less when the session is ended.
    boost::asio::awaitable<void> pause(std::chrono::milliseconds time);
    void reply(const mqtt::Packet& packet);
    /// Notes an acceptance, unless the answers have been lost.
    void acknowledge(const mqtt::Publish& publish);

    HubCore& core_;
    HubConnections& connections_;
    std::unique_ptr<Stream> stream_;
    SignalEvent ended_signal_;
    mqtt::Decoder decoder_;
    std::string out_;
    SteadyTime last_heard_;
    std::chrono::milliseconds patience_;  ///< how long the device may be silent
    std::optional<HubIdentity> identity_;
    std::optional<HubIdentity> connected_as_;
    Timestamp expires_{};
    int throttled_in_a_row_ = 0;
    bool pausing_ = false;
    bool deaf_ = false;   ///< hears nothing any more
    bool drops_ = false;  ///< takes no message any more
    bool mute_ = false;   ///< acknowledges no message any more
    std::optional<std::string> finished_;
    bool ended_ = false;
};

}  // namespace sluice::sandbox
