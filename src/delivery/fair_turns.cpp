#include "delivery/fair_turns.hpp"

#include <algorithm>

namespace sluice {

bool FairTurns::ask(const std::string& org, std::uint32_t who) {
    if (free_ > 0) {
        --free_;
        return true;
    }
    std::deque<std::uint32_t>& waiting = by_org_[org];
    if (waiting.empty()) orgs_.push_back(org);
    waiting.push_back(who);
    ++waiting_;
    return false;
}

std::optional<std::uint32_t> FairTurns::release() {
    if (orgs_.empty()) {
        ++free_;
        return std::nullopt;
    }
    std::string org = std::move(orgs_.front());
    orgs_.pop_front();
    auto found = by_org_.find(org);
    std::uint32_t who = found->second.front();
    found->second.pop_front();
    --waiting_;
    if (found->second.empty()) {
        by_org_.erase(found);
    } else {
        orgs_.push_back(std::move(org));
    }
    return who;
}

void FairTurns::forget(std::uint32_t who) {
    for (auto at = by_org_.begin(); at != by_org_.end();) {
        std::size_t gone = std::erase(at->second, who);
        waiting_ -= gone;
        if (!at->second.empty()) {
            ++at;
            continue;
        }
        std::erase(orgs_, at->first);
        at = by_org_.erase(at);
    }
}

}  // namespace sluice
