#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"

namespace sluice::sandbox {

/// What a subscription has yet to deliver or to see acknowledged, in the order of publishing. Holds numbers of the
/// ReceivedLog, no bodies. Not synchronised: its owner's lock guards it.
///
/// With ordering, the messages of one key go to one consumer at a time, in order: while some are outstanding, others
/// get none of that key. A message that comes back (refused, or not acknowledged in time) brings the later ones of its
/// key back with it, so that they follow it again (Google: "Order messages").
class Backlog {
  public:
    /// A message handed out until it is acknowledged or its time is up.
    struct Lease {
        std::uint64_t number = 0;
        std::string ack_id;
        int attempt = 1;
    };

    explicit Backlog(bool ordered) : ordered_(ordered) {}

    void add(std::uint64_t number, std::string_view key);
    /// At most `most` messages for `consumer`, oldest first, each leased until `now + deadline`.
    std::vector<Lease> take(std::uint64_t consumer, std::size_t most, SteadyTime now, std::chrono::seconds deadline);
    /// Unknown and outlived ids are passed over, as the service does. Returns whether one was acknowledged.
    bool acknowledge(std::string_view ack_id);
    /// A new deadline from `now` on; zero gives the message back at once.
    bool modify_deadline(std::string_view ack_id, SteadyTime now, std::chrono::seconds deadline);
    /// Drops a message whatever its state: its body is no longer kept.
    void forget(std::uint64_t number);
    /// Drops all before `number`.
    void forget_before(std::uint64_t number);
    /// Of `consumer`, not acknowledged and in time.
    std::size_t outstanding(std::uint64_t consumer, SteadyTime now);
    std::size_t size() const noexcept { return messages_.size(); }

  private:
    struct Message {
        std::string key;          ///< empty without ordering
        std::uint64_t lease = 0;  ///< 0: not handed out
        std::uint64_t consumer = 0;
        SteadyTime expires{};
        int attempts = 0;
    };
    struct Key {
        std::uint64_t consumer = 0;
        std::set<std::uint64_t> outstanding;
    };
    using Messages = std::map<std::uint64_t, Message>;

    Messages::iterator find(std::string_view ack_id);
    void expire(SteadyTime now);
    /// Ends the lease without giving the message to anybody.
    void end_lease(Messages::iterator message);
    /// Makes it, and with it the later ones of its key, available again.
    void give_back(Messages::iterator message);

    const bool ordered_;
    Messages messages_;
    std::set<std::uint64_t> available_;
    std::set<std::pair<SteadyTime, std::uint64_t>> deadlines_;
    std::unordered_map<std::string, Key> keys_;
    std::unordered_map<std::uint64_t, std::size_t> outstanding_;  ///< by consumer
    std::uint64_t last_lease_ = 0;
};

}  // namespace sluice::sandbox
