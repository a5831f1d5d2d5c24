#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"
#include "sandbox/pubsub/backlog.hpp"
#include "sandbox/pubsub/publish_rules.hpp"
#include "sandbox/pubsub/rpc_error.hpp"

namespace sluice::sandbox {

/// The project of the key files that the sandbox gives out. Topics of any other may be used as well.
inline constexpr std::string_view kSandboxProject = "sluice-sandbox";
/// What a subscription's topic is called once it was deleted.
inline constexpr std::string_view kDeletedTopic = "_deleted-topic_";

struct TopicSettings {
    std::string name;  ///< `projects/{project}/topics/{topic}`
    std::map<std::string, std::string> labels;
    std::optional<std::chrono::seconds> retention;
};

struct SubscriptionSettings {
    std::string name;   ///< `projects/{project}/subscriptions/{subscription}`
    std::string topic;  ///< full name, or kDeletedTopic
    std::chrono::seconds ack_deadline{10};
    bool ordered = false;
    std::map<std::string, std::string> labels;
};

/// Topics and subscriptions of all projects. Bodies are in the ReceivedLog; a subscription holds numbers in it.
/// Thread: any.
class Topics {
  public:
    struct Options {
        PublishLimits limits;
        /// Publish makes a topic that was never deleted, as neither the service nor Google's emulator does.
        bool create_on_use = false;
    };
    struct Delivery {
        std::string ack_id;
        int attempt = 1;
        ReceivedItem item;
    };

    Topics(Options options, ReceivedLog& received, FaultInjector& faults, const Clock& clock);

    RpcResult<TopicSettings> create(TopicSettings topic);
    RpcResult<TopicSettings> get(std::string_view name) const;
    RpcResult<std::vector<TopicSettings>> list(std::string_view project_name) const;
    /// Of every project, in order of name.
    std::vector<TopicSettings> list_all() const;
    RpcResult<void> remove(std::string_view name);
    RpcResult<std::vector<std::string>> subscriptions_of(std::string_view name) const;
    bool exists(std::string_view name) const;

    /// All or nothing. Returns the message ids.
    RpcResult<std::vector<std::string>> publish(std::string_view topic, std::span<const PublishMessage> messages,
                                                std::size_t request_bytes);

    RpcResult<SubscriptionSettings> create_subscription(SubscriptionSettings subscription);
    RpcResult<SubscriptionSettings> get_subscription(std::string_view name) const;
    RpcResult<std::vector<SubscriptionSettings>> list_subscriptions(std::string_view project_name) const;
    RpcResult<void> remove_subscription(std::string_view name);

    /// Who pulls: keys are bound to a consumer while messages are outstanding.
    std::uint64_t new_consumer();
    /// At most `most` messages and, beyond the first, kPullBytes of bodies. `max_outstanding` 0: no bound. Without
    /// `ack_deadline` the subscription's holds.
    RpcResult<std::vector<Delivery>> pull(std::string_view subscription, std::uint64_t consumer, std::size_t most,
                                          std::size_t max_outstanding,
                                          std::optional<std::chrono::seconds> ack_deadline);
    RpcResult<void> acknowledge(std::string_view subscription, std::span<const std::string> ack_ids);
    RpcResult<void> modify_deadline(std::string_view subscription, std::span<const std::string> ack_ids,
                                    std::chrono::seconds deadline);

    static constexpr std::size_t kPullBytes = std::size_t{1} << 20;

    /// How the ReceivedLog and the control API call a topic: its id; of another project than the sandbox's own,
    /// `{project}:{id}`.
    static std::string target_name(std::string_view topic);
    /// The full name for such a target.
    static std::string topic_name(std::string_view target);

  private:
    struct Topic {
        TopicSettings settings;
        std::shared_ptr<const std::string> target;
        std::uint64_t next_sequence = 1;
        std::map<std::string, Backlog*> subscriptions;  ///< by full name
    };
    struct Subscription {
        SubscriptionSettings settings;
        Backlog backlog;
    };

    Topic& add(TopicSettings settings);
    RpcResult<Topic*> find_or_make(std::string_view name);
    std::optional<RpcError> record_fault(const Topic& topic, std::span<const PublishMessage> messages);
    RpcResult<Subscription*> find_subscription(std::string_view name);

    const Options options_;
    ReceivedLog& received_;
    FaultInjector& faults_;
    const Clock& clock_;

    mutable std::mutex mutex_;
    std::map<std::string, Topic, std::less<>> topics_;
    std::map<std::string, Subscription, std::less<>> subscriptions_;
    std::set<std::string, std::less<>> deleted_;
    std::uint64_t last_message_ = 0;
    std::uint64_t last_consumer_ = 0;
};

}  // namespace sluice::sandbox
