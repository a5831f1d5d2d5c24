#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "sandbox/aws/aws_service.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"
#include "sandbox/event_hubs/event_hubs_service.hpp"
#include "sandbox/iot_hub/iot_hub_service.hpp"
#include "sandbox/pubsub/pubsub_service.hpp"

namespace sluice::sandbox {

struct SandboxOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;   ///< 0: any free one, kept over stop() and start()
    bool tls = false;         ///< with a certificate made at the start: see Sandbox::certificate_pem()
    std::size_t shards = 1;   ///< threads
    std::string faults_file;  ///< rules to begin with; empty: none
    ReceivedLog::Options received;
    AwsOptions aws;
    IotHubOptions iot_hub;
    EventHubsOptions event_hubs;
    PubsubOptions pubsub;
    const Clock* clock = &SystemClock::instance();
};

/// Local stand-ins for the clouds that Sluice delivers to, on one port (and one each for those that do not speak HTTP):
/// they check signatures, hold to the services' limits, keep what they accept in order, and go wrong when told to. A
/// control API under /_sandbox/ on the same port reads back and sets faults. For trying out and for tests: nothing is
/// stored on disk, and the documented key opens everything.
///
/// Thread: start() and stop() from one thread that is no shard; all others from any.
/// Lifecycle: stop() ends the server, not the state; start() then serves again on the same port. The destructor stops.
class Sandbox {
  public:
    explicit Sandbox(SandboxOptions options);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    /// Errors: the faults file cannot be read or is wrong, the port is taken, no certificate could be made.
    Result<void> start();
    /// Makes what start() shows, a certificate, before any port is open: so that who waits for the port has what to
    /// trust. start() does so itself otherwise.
    Result<void> prepare();
    /// Running requests are cut off.
    void stop();

    std::uint16_t port() const noexcept;
    /// `http://127.0.0.1:4566`: the endpoint to give to clients.
    std::string url() const;
    /// Ports beside the sandbox's own that are open.
    std::vector<Listener> listeners() const;
    /// What clients must trust; empty without TLS, and before prepare() or start().
    const std::string& certificate_pem() const noexcept;

    ReceivedLog& received() noexcept;
    FaultInjector& faults() noexcept;
    /// Its streams and queues: create_target(), delete_target(), targets().
    AwsService& aws() noexcept;
    /// Its devices, and what is connected.
    IotHubService& iot_hub() noexcept;
    /// Its event hubs, and where its Kafka endpoint is.
    EventHubsService& event_hubs() noexcept;
    /// Its url(), key files and topics.
    PubsubService& pubsub() noexcept;
    /// What to paste to be let in, where it is made at the start.
    std::vector<Credential> credentials() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::sandbox
