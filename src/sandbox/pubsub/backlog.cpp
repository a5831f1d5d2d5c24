#include "sandbox/pubsub/backlog.hpp"

#include <fmt/format.h>

#include <charconv>

namespace sluice::sandbox {

void Backlog::add(std::uint64_t number, std::string_view key) {
    Message message;
    if (ordered_) message.key = key;
    messages_.emplace(number, std::move(message));
    available_.insert(number);
}

std::vector<Backlog::Lease> Backlog::take(std::uint64_t consumer, std::size_t most, SteadyTime now,
                                          std::chrono::seconds deadline) {
    expire(now);
    std::vector<Lease> taken;
    for (auto next = available_.begin(); next != available_.end() && taken.size() < most;) {
        auto number = *next;
        auto& message = messages_.at(number);
        if (!message.key.empty()) {
            auto& key = keys_[message.key];
            if (!key.outstanding.empty() && key.consumer != consumer) {
                ++next;
                continue;
            }
            key.consumer = consumer;
            key.outstanding.insert(number);
        }
        message.lease = ++last_lease_;
        message.consumer = consumer;
        message.expires = now + deadline;
        message.attempts++;
        deadlines_.emplace(message.expires, number);
        outstanding_[consumer]++;
        taken.push_back({number, fmt::format("{}-{}", number, message.lease), message.attempts});
        next = available_.erase(next);
    }
    return taken;
}

bool Backlog::acknowledge(std::string_view ack_id) {
    auto message = find(ack_id);
    if (message == messages_.end()) return false;
    end_lease(message);
    messages_.erase(message);
    return true;
}

bool Backlog::modify_deadline(std::string_view ack_id, SteadyTime now, std::chrono::seconds deadline) {
    auto message = find(ack_id);
    if (message == messages_.end()) return false;
    if (deadline.count() <= 0) {
        give_back(message);
        return true;
    }
    deadlines_.erase({message->second.expires, message->first});
    message->second.expires = now + deadline;
    deadlines_.emplace(message->second.expires, message->first);
    return true;
}

void Backlog::forget(std::uint64_t number) {
    auto message = messages_.find(number);
    if (message == messages_.end()) return;
    if (message->second.lease != 0) end_lease(message);
    available_.erase(number);
    messages_.erase(message);
}

void Backlog::forget_before(std::uint64_t number) {
    while (!messages_.empty() && messages_.begin()->first < number) forget(messages_.begin()->first);
}

std::size_t Backlog::outstanding(std::uint64_t consumer, SteadyTime now) {
    expire(now);
    auto found = outstanding_.find(consumer);
    return found == outstanding_.end() ? 0 : found->second;
}

Backlog::Messages::iterator Backlog::find(std::string_view ack_id) {
    std::uint64_t number = 0;
    std::uint64_t lease = 0;
    const auto* end = ack_id.data() + ack_id.size();
    auto first = std::from_chars(ack_id.data(), end, number);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return messages_.end();
    auto second = std::from_chars(first.ptr + 1, end, lease);
    if (second.ec != std::errc() || second.ptr != end || lease == 0) return messages_.end();
    auto message = messages_.find(number);
    return message != messages_.end() && message->second.lease == lease ? message : messages_.end();
}

void Backlog::expire(SteadyTime now) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now)
        give_back(messages_.find(deadlines_.begin()->second));
}

void Backlog::end_lease(Messages::iterator message) {
    auto& [number, state] = *message;
    deadlines_.erase({state.expires, number});
    auto consumer = outstanding_.find(state.consumer);
    if (--consumer->second == 0) outstanding_.erase(consumer);
    state.lease = 0;
    if (state.key.empty()) return;
    auto key = keys_.find(state.key);
    key->second.outstanding.erase(number);
    if (key->second.outstanding.empty()) keys_.erase(key);
}

void Backlog::give_back(Messages::iterator message) {
    std::vector<std::uint64_t> later{message->first};
    if (!message->second.key.empty()) {
        const auto& outstanding = keys_.at(message->second.key).outstanding;
        later.assign(outstanding.lower_bound(message->first), outstanding.end());
    }
    for (auto number : later) {
        end_lease(messages_.find(number));
        available_.insert(number);
    }
}

}  // namespace sluice::sandbox
