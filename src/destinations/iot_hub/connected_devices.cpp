#include "destinations/iot_hub/connected_devices.hpp"

#include <utility>

namespace sluice::iot_hub {

ConnectedDevices& ConnectedDevices::shared() {
    static ConnectedDevices devices;
    return devices;
}

ConnectedDevices::Taken ConnectedDevices::take(Claimant claimant) {
    std::lock_guard lock(mutex_);
    auto [first, last] = by_device_.equal_range(claimant.device);
    for (auto each = first; each != last; ++each) {
        const Entry& other = entries_.at(each->second);
        bool has_same_credentials = other.claimant.credentials == claimant.credentials;
        if (!other.is_connected && !has_same_credentials) continue;
        Taken taken;
        taken.is_same_integration = !claimant.integration.empty() && other.claimant.integration == claimant.integration;
        taken.has_same_credentials = has_same_credentials;
        taken.is_connected = other.is_connected;
        return taken;
    }
    auto id = ++last_id_;
    by_device_.emplace(claimant.device, id);
    entries_.emplace(id, Entry{std::move(claimant)});
    Taken taken;
    taken.claim = Claim(*this, id);
    return taken;
}

ConnectedDevices::Claim::Claim(Claim&& other) noexcept
    : devices_(std::exchange(other.devices_, nullptr)), id_(other.id_) {}

ConnectedDevices::Claim& ConnectedDevices::Claim::operator=(Claim&& other) noexcept {
    if (this != &other) {
        let_go();
        devices_ = std::exchange(other.devices_, nullptr);
        id_ = other.id_;
    }
    return *this;
}

bool ConnectedDevices::Claim::confirm() {
    std::lock_guard lock(devices_->mutex_);
    Entry& own = devices_->entries_.at(id_);
    auto [first, last] = devices_->by_device_.equal_range(own.claimant.device);
    for (auto each = first; each != last; ++each) {
        if (each->second != id_ && devices_->entries_.at(each->second).is_connected) return false;
    }
    own.is_connected = true;
    return true;
}

void ConnectedDevices::Claim::let_go() noexcept {
    if (devices_ == nullptr) return;
    std::lock_guard lock(devices_->mutex_);
    auto entry = devices_->entries_.find(id_);
    auto [first, last] = devices_->by_device_.equal_range(entry->second.claimant.device);
    for (auto each = first; each != last; ++each) {
        if (each->second != id_) continue;
        devices_->by_device_.erase(each);
        break;
    }
    devices_->entries_.erase(entry);
    devices_ = nullptr;
}

}  // namespace sluice::iot_hub
