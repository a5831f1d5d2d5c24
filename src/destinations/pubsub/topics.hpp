#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "destination/target_names.hpp"
#include "destinations/pubsub/config.hpp"
#include "destinations/pubsub/session.hpp"

namespace sluice::pubsub {

/// What one destination knows of its topics, and how it makes those that are missing. Thread: one shard.
class Topics {
  public:
    Topics(boost::asio::io_context& io, const Config& config, Session& session);
    ~Topics();

    /// Why nothing can be sent to a topic of this id, whatever the service says: the id cannot be one, or there are
    /// `max_targets` others already. Null when it can.
    std::shared_ptr<const Failure> refusal_of(std::string_view id, bool in_passing);
    /// Those that may be sent to.
    TargetNames& names() noexcept { return names_; }

    /// True when it took messages before.
    bool is_known(std::string_view id) const { return known_.contains(id); }
    void keep_as_known(std::string_view id) { known_.emplace(id); }
    void forget(std::string_view id);
    /// One that took messages, for the *test* call; empty when there is none yet.
    std::string any_known() const { return known_.empty() ? std::string() : *known_.begin(); }

    /// Makes a topic that the service does not find, keeping its messages for 7 days, one call however many ask for
    /// it. Null when it is there now, else why not: what the events of this topic are told.
    boost::asio::awaitable<std::shared_ptr<const Failure>> create(std::string id, Deadline deadline);

  private:
    struct Flight;
    class Leader;
    std::shared_ptr<const Failure> failure_of_creation(const Answer& answer, const std::string& id) const;

    boost::asio::io_context& io_;
    const Config& config_;
    Session& session_;
    TargetNames names_;
    std::set<std::string, std::less<>> known_;
    std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace sluice::pubsub
