#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "destination/destination.hpp"
#include "destinations/pubsub/answer.hpp"
#include "destinations/pubsub/config.hpp"
#include "destinations/pubsub/messages.hpp"
#include "destinations/pubsub/session.hpp"

namespace sluice::pubsub {

/// What the service said to the questions of the *test* call. What was not asked, because an answer before made it
/// pointless, is nothing.
struct ProbeFacts {
    std::string credentials_origin;
    std::string topic_id;                 ///< the topic that was asked about; empty: none is known
    std::optional<Answer> permission;     ///< TestIamPermissions(pubsub.topics.publish) on it
    std::optional<Answer> topic;          ///< GetTopic
    std::optional<Answer> topics;         ///< ListTopics, where topics are named by a template
    std::optional<Answer> subscriptions;  ///< ListTopicSubscriptions
};

/// Asks without writing. `known_topic`: one that took messages, for where the settings name none.
boost::asio::awaitable<ProbeFacts> ask_service(Session& session, const Config& config, std::string known_topic,
                                               Deadline deadline);

// The steps after the connection: `credentials`, `target`, `right to write`, `subscriptions`, each once, in this order.
// One of these is added to the report of probe_connection(). Pure.

/// The connection failed: nothing could be asked.
void add_skipped(ProbeReport& report);
void add_facts(ProbeReport& report, const ProbeFacts& facts, const Config& config);

}  // namespace sluice::pubsub
