#include "net/shared_room.hpp"

#include "base/assert.hpp"

namespace sluice {

struct SharedRoom::State {
    void give_back(const std::string& owner, std::size_t amount) {
        std::lock_guard lock(mutex);
        auto found = by_owner.find(owner);
        found->second -= amount;
        if (found->second == 0) by_owner.erase(found);
        taken -= amount;
    }

    std::mutex mutex;
    std::map<std::string, std::size_t> by_owner;
    std::size_t taken = 0;
};

SharedRoom::SharedRoom(std::size_t in_all, std::size_t of_one_owner)
    : of_one_owner_(of_one_owner), in_all_(in_all), state_(std::make_shared<State>()) {}

SharedRoom::Hold SharedRoom::take(const std::string& owner, std::size_t amount) {
    SLUICE_ASSERT(amount > 0, "something is taken");
    std::lock_guard lock(state_->mutex);
    auto found = state_->by_owner.find(owner);
    const std::size_t has = found == state_->by_owner.end() ? 0 : found->second;
    if (amount > in_all_ - state_->taken || amount > of_one_owner_ - has) return nullptr;
    state_->by_owner[owner] = has + amount;
    state_->taken += amount;
    return Hold(state_.get(), [state = state_, owner, amount](void*) { state->give_back(owner, amount); });
}

std::size_t SharedRoom::taken() const {
    std::lock_guard lock(state_->mutex);
    return state_->taken;
}

}  // namespace sluice
