#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/stream.hpp"
#include "sandbox/iot_hub/hub_connections.hpp"
#include "sandbox/iot_hub/hub_core.hpp"

namespace sluice::sandbox {

/// The hub's MQTT port: accepts connections and runs their sessions, all on one thread of its own. Thread: start() and
/// stop() one at a time, from no shard; disconnect() any.
class HubListener {
  public:
    HubListener(HubCore& core, HubConnections& connections);
    ~HubListener();

    /// `port` 0: any free one. `tls` null: plain text. Errc::conflict when the port is taken.
    Result<void> start(const std::string& address, std::uint16_t port, std::shared_ptr<TlsServerContext> tls);
    /// Cuts all connections off. Idempotent.
    void stop();
    bool running() const noexcept;
    std::uint16_t port() const noexcept;
    /// Cuts a device's connection off, if it has one, and its modules' too when `identity` is a device. Returns before
    /// that is done.
    void disconnect(const HubIdentity& identity, std::string reason);

  private:
    struct Impl;

    HubCore& core_;
    HubConnections& connections_;
    mutable std::mutex mutex_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::sandbox
