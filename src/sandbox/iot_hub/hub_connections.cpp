#include "sandbox/iot_hub/hub_connections.hpp"

#include <utility>

namespace sluice::sandbox {

HubSession* HubConnections::replace(const HubIdentity& identity, HubSession& session) {
    std::lock_guard lock(mutex_);
    return std::exchange(live_[identity], &session);
}

std::vector<HubSession*> HubConnections::of_device(const HubIdentity& identity) const {
    std::lock_guard lock(mutex_);
    std::vector<HubSession*> sessions;
    for (auto next = live_.lower_bound(identity); next != live_.end(); ++next) {
        const auto& [of, session] = *next;
        bool wanted = identity.module.empty() ? of.device == identity.device : of == identity;
        if (!wanted) break;
        sessions.push_back(session);
    }
    return sessions;
}

void HubConnections::remove(const HubIdentity& identity, const HubSession& session) {
    std::lock_guard lock(mutex_);
    auto found = live_.find(identity);
    if (found != live_.end() && found->second == &session) live_.erase(found);
}

void HubConnections::note_disconnect(const HubIdentity& identity, std::string reason) {
    std::lock_guard lock(mutex_);
    last_disconnects_[identity] = std::move(reason);
}

HubConnections::Status HubConnections::status(const HubIdentity& identity) const {
    std::lock_guard lock(mutex_);
    Status status;
    status.connected = live_.contains(identity);
    auto last = last_disconnects_.find(identity);
    if (last != last_disconnects_.end()) status.last_disconnect = last->second;
    return status;
}

std::size_t HubConnections::count() const {
    std::lock_guard lock(mutex_);
    return live_.size();
}

}  // namespace sluice::sandbox
