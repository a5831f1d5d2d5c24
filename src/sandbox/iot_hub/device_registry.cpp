#include "sandbox/iot_hub/device_registry.hpp"

#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

/// As many as a hub may have. More come into being by use only as long as there is room.
constexpr std::size_t kMostDevices = 1'000'000;

Result<void> check_key(const std::optional<std::string>& key, std::string_view name) {
    if (!key) return {};
    auto bytes = base64_decode(*key);
    // "Symmetric keys … 16 to 64 bytes, in base64"
    if (!bytes || bytes->size() < 16 || bytes->size() > 64)
        return make_error(Errc::invalid_argument, std::string(name) + ": must be base64 of 16 to 64 bytes");
    return {};
}

}  // namespace

HubDevice DeviceRegistry::derived(const HubIdentity& identity) const {
    HubDevice device;
    device.primary_key = derived_hub_key(options_.group_key, identity);
    device.secondary_key = device.primary_key;
    return device;
}

std::optional<HubDevice> DeviceRegistry::find_locked(const HubIdentity& identity) const {
    if (!identity.module.empty()) {
        // A module is worth what its device is.
        auto owner = devices_.find({identity.device, {}});
        if (owner != devices_.end() && (!owner->second || !owner->second->enabled)) return std::nullopt;
        if (owner == devices_.end() && !options_.made_by_use) return std::nullopt;
    }
    auto found = devices_.find(identity);
    if (found != devices_.end()) return found->second;
    if (!options_.made_by_use || !is_valid_hub_id(identity.device)) return std::nullopt;
    if (!identity.module.empty() && !is_valid_hub_id(identity.module)) return std::nullopt;
    if (devices_.size() >= kMostDevices) return std::nullopt;
    return derived(identity);
}

std::optional<HubDevice> DeviceRegistry::find(const HubIdentity& identity) const {
    std::lock_guard lock(mutex_);
    return find_locked(identity);
}

void DeviceRegistry::note_use(const HubIdentity& identity) {
    std::lock_guard lock(mutex_);
    if (devices_.contains(identity)) return;
    if (auto device = find_locked(identity)) devices_.emplace(identity, std::move(device));
}

Result<HubDevice> DeviceRegistry::put(const HubIdentity& identity, const Settings& settings, bool replace) {
    if (!is_valid_hub_id(identity.device) || (!identity.module.empty() && !is_valid_hub_id(identity.module)))
        return make_error(Errc::invalid_argument,
                          "an id has 1 to 128 of the characters a-z A-Z 0-9 - : . + % _ # * ? ! ( ) , = @ ; $ '");
    if (auto good = check_key(settings.primary_key, "primaryKey"); !good) return good.error();
    if (auto good = check_key(settings.secondary_key, "secondaryKey"); !good) return good.error();

    std::lock_guard lock(mutex_);
    if (!identity.module.empty() && !find_locked({identity.device, {}}))
        return make_error(Errc::not_found, "there is no device " + identity.device);
    auto& slot = devices_.try_emplace(identity, std::nullopt).first->second;
    if (slot && slot->registered && !replace)
        return make_error(Errc::conflict, identity.name() + " is registered already");
    HubDevice device = slot ? *slot : derived(identity);
    device.version = slot ? slot->version + 1 : 1;
    device.registered = true;
    if (settings.enabled) device.enabled = *settings.enabled;
    if (settings.primary_key) device.primary_key = *settings.primary_key;
    if (settings.secondary_key) device.secondary_key = *settings.secondary_key;
    slot = device;
    return device;
}

Result<void> DeviceRegistry::remove(const HubIdentity& identity) {
    std::lock_guard lock(mutex_);
    if (!find_locked(identity)) return make_error(Errc::not_found, "there is no device " + identity.name());
    devices_[identity] = std::nullopt;
    if (!identity.module.empty()) return {};
    auto module = devices_.upper_bound(identity);
    while (module != devices_.end() && module->first.device == identity.device) module = devices_.erase(module);
    return {};
}

std::vector<std::pair<HubIdentity, HubDevice>> DeviceRegistry::list() const {
    std::lock_guard lock(mutex_);
    std::vector<std::pair<HubIdentity, HubDevice>> all;
    for (const auto& [identity, device] : devices_) {
        if (device) all.emplace_back(identity, *device);
    }
    return all;
}

}  // namespace sluice::sandbox
