#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace sluice::iot_hub {

/// Which devices this process is connected as over MQTT, whatever integration, org and shard: a hub keeps only the
/// newest connection of a device, so two integrations with one device would end each other's for ever. Whoever connects
/// takes the device before, and holds it until the connection is closed.
///
/// Until the hub has let a claimant in, it keeps out only those with the very same credentials: who merely names
/// somebody else's device must not stand in its way. Thread: any. Lifecycle: outlives its claims.
class ConnectedDevices {
  public:
    struct Claimant {
        std::string device;       ///< where it is connected to, and as what
        std::string credentials;  ///< what tells them apart, and not they themselves
        std::string integration;  ///< `org/id`; empty: one that has no name yet
    };

    /// A device is taken for as long as this lives.
    class Claim {
      public:
        Claim(Claim&& other) noexcept;
        Claim& operator=(Claim&& other) noexcept;
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;
        ~Claim() { let_go(); }

        /// The hub has let the claimant in. False: another one as well, and before; this one is to give way.
        bool confirm();

      private:
        friend class ConnectedDevices;
        Claim(ConnectedDevices& devices, std::uint64_t id) : devices_(&devices), id_(id) {}
        void let_go() noexcept;

        ConnectedDevices* devices_;  ///< null: let go
        std::uint64_t id_;
    };

    struct Taken {
        std::optional<Claim> claim;  ///< none: somebody else has it, of whom the rest tells
        bool is_same_integration = false;
        bool has_same_credentials = false;
        bool is_connected = false;  ///< the hub has let it in
    };
    Taken take(Claimant claimant);

    /// The process's own.
    static ConnectedDevices& shared();

  private:
    struct Entry {
        Claimant claimant;
        bool is_connected = false;
    };

    std::mutex mutex_;
    std::map<std::uint64_t, Entry> entries_;
    std::multimap<std::string, std::uint64_t> by_device_;
    std::uint64_t last_id_ = 0;
};

}  // namespace sluice::iot_hub
