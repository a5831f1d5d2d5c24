#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/stream.hpp"
#include "sandbox/event_hubs/kafka_broker.hpp"

namespace sluice::sandbox {

/// The port on which the broker is spoken to: plain or TLS, as the sandbox is. Reads frames, has them answered one
/// after the other, as Kafka promises its clients. Thread: start() and stop() from one that is no shard's; it has one
/// of its own. Lifecycle: after a stop it can be started again, on the same port.
class KafkaServer {
  public:
    struct Limits {
        /// The service closes the connection over a request that is larger (Microsoft, "Azure Event Hubs quotas and
        /// limits": a message of at most 1 MB, with its overhead).
        std::size_t max_frame_bytes = 1'046'528;
        std::chrono::seconds idle_timeout{240};
        std::size_t max_connections = 10'000;
    };

    KafkaServer(KafkaBroker& broker, Limits limits);
    ~KafkaServer();
    KafkaServer(const KafkaServer&) = delete;
    KafkaServer& operator=(const KafkaServer&) = delete;

    /// `port` 0: the one of the last time, else any free one. `tls` may be null. Errors: the port is taken.
    Result<void> start(const std::string& address, std::uint16_t port, std::shared_ptr<TlsServerContext> tls);
    /// Connections are cut off. Idempotent.
    void stop();
    /// 0 before the first start().
    std::uint16_t port() const noexcept { return port_; }

  private:
    struct Running;

    KafkaBroker& broker_;
    const Limits limits_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Running> running_;
};

}  // namespace sluice::sandbox
