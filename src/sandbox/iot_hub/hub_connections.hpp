#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/iot_hub/hub_identity.hpp"

namespace sluice::sandbox {

class HubSession;

/// Which device is connected: one connection per identity, a newer one ends the older. And why each was last cut off,
/// which a device is never told. Thread: what hands out sessions, the listener's shard; the rest any.
class HubConnections {
  public:
    struct Status {
        bool connected = false;
        std::string last_disconnect;  ///< empty: none yet
    };

    /// The older session of that identity, or null. Shard only.
    HubSession* replace(const HubIdentity& identity, HubSession& session);
    /// Those of that identity, and of its modules when it is a device. Shard only.
    std::vector<HubSession*> of_device(const HubIdentity& identity) const;
    /// Shard only. Does nothing when a newer one has taken its place.
    void remove(const HubIdentity& identity, const HubSession& session);

    void note_disconnect(const HubIdentity& identity, std::string reason);
    Status status(const HubIdentity& identity) const;
    std::size_t count() const;

  private:
    mutable std::mutex mutex_;
    std::map<HubIdentity, HubSession*> live_;
    std::map<HubIdentity, std::string> last_disconnects_;
};

}  // namespace sluice::sandbox
