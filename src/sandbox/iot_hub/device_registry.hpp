#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sandbox/iot_hub/hub_identity.hpp"
#include "sandbox/iot_hub/hub_keys.hpp"

namespace sluice::sandbox {

struct HubDevice {
    std::string primary_key;  ///< base64
    std::string secondary_key;
    bool enabled = true;
    bool registered = false;    ///< by somebody, rather than by being used
    std::uint64_t version = 1;  ///< of this entry: its ETag
};

/// The identities of a hub and their keys. Every valid id exists with the key that follows from the group key, until it
/// is removed; then only registering brings it back. Thread: any.
class DeviceRegistry {
  public:
    struct Options {
        std::string group_key{kSandboxHubGroupKey};
        /// False: only registered devices exist.
        bool made_by_use = true;
    };
    explicit DeviceRegistry(Options options) : options_(std::move(options)) {}

    /// nullopt when there is none, or its device is gone.
    std::optional<HubDevice> find(const HubIdentity& identity) const;
    /// Remembers, for list(), one that find() knows.
    void note_use(const HubIdentity& identity);

    struct Settings {
        std::optional<bool> enabled;
        std::optional<std::string> primary_key;  ///< base64; absent: the derived one, or as it was
        std::optional<std::string> secondary_key;
    };
    /// Errc::conflict when it is registered already and not to be replaced; Errc::not_found when a module's device is
    /// gone; Errc::invalid_argument for an id or key that cannot be.
    Result<HubDevice> put(const HubIdentity& identity, const Settings& settings, bool replace);
    /// With its modules. Errc::not_found.
    Result<void> remove(const HubIdentity& identity);

    /// Those that were used or registered, by name.
    std::vector<std::pair<HubIdentity, HubDevice>> list() const;

  private:
    HubDevice derived(const HubIdentity& identity) const;
    std::optional<HubDevice> find_locked(const HubIdentity& identity) const;

    const Options options_;
    mutable std::mutex mutex_;
    /// nullopt: removed.
    std::map<HubIdentity, std::optional<HubDevice>> devices_;
};

}  // namespace sluice::sandbox
