#include "sandbox/pubsub/topics.hpp"

#include <fmt/format.h>

#include "json/find.hpp"
#include "sandbox/pubsub/resource_name.hpp"

namespace sluice::sandbox {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostAckIds = 10'000;
/// Message ids look as Google's do: sixteen digits.
constexpr std::uint64_t kFirstMessageId = 4'200'000'000'000'000;

RpcError not_found(std::string_view id) {
    return {RpcCode::not_found, fmt::format("Resource not found (resource={}).", id), {}};
}

RpcError exists_already(std::string_view id) {
    return {RpcCode::already_exists, fmt::format("Resource already exists in the project (resource={}).", id), {}};
}

RpcError invalid_argument(std::string_view argument, std::string reason = {}) {
    return {RpcCode::invalid_argument,
            fmt::format("You have passed an invalid argument to the service (argument={}).", argument),
            std::move(reason)};
}

std::string_view id_of(std::string_view name) {
    return name.substr(name.rfind('/') + 1);
}

std::string attributes_json(const PublishMessage& message) {
    if (message.attributes.empty()) return {};
    std::string out = "{";
    for (const auto& [key, value] : message.attributes) {
        if (out.size() > 1) out += ',';
        json::append_quoted(out, key);
        out += ':';
        json::append_quoted(out, value);
    }
    return out + "}";
}

/// Everything of the items but what is given out under the lock.
std::vector<ReceivedItem> make_items(std::span<const PublishMessage> messages) {
    std::size_t bytes = 0;
    for (const auto& message : messages) bytes += message.data.size();
    auto block = std::make_shared<std::string>();
    block->reserve(bytes);
    std::vector<ReceivedItem> items(messages.size());
    for (std::size_t i = 0; i < messages.size(); i++) {
        auto& item = items[i];
        item.service = "pubsub";
        item.key = messages[i].ordering_key;
        item.attributes = attributes_json(messages[i]);
        item.body = {block, block->size(), messages[i].data.size()};
        block->append(messages[i].data);
    }
    return items;
}

RpcResult<void> check_deadline(seconds deadline, std::string_view argument, seconds least) {
    if (deadline < least || deadline > seconds(600))
        return invalid_argument(argument, fmt::format("must be from {} to 600 seconds", least.count()));
    return {};
}

}  // namespace

Topics::Topics(Options options, ReceivedLog& received, FaultInjector& faults, const Clock& clock)
    : options_(options), received_(received), faults_(faults), clock_(clock) {}

std::string Topics::target_name(std::string_view topic) {
    auto name = parse_resource_name("topics", topic);
    if (!name) return std::string(topic);
    return name->project == kSandboxProject ? name->id : name->project + ":" + name->id;
}

std::string Topics::topic_name(std::string_view target) {
    auto colon = target.rfind(':');
    if (colon == std::string_view::npos) return fmt::format("projects/{}/topics/{}", kSandboxProject, target);
    return fmt::format("projects/{}/topics/{}", target.substr(0, colon), target.substr(colon + 1));
}

Topics::Topic& Topics::add(TopicSettings settings) {
    auto name = settings.name;
    deleted_.erase(name);
    Topic topic;
    topic.target = std::make_shared<const std::string>(target_name(name));
    topic.settings = std::move(settings);
    return topics_.emplace(std::move(name), std::move(topic)).first->second;
}

RpcResult<TopicSettings> Topics::create(TopicSettings topic) {
    auto name = parse_resource_name("topics", topic.name);
    if (!name) return name.error();
    if (topic.retention && (*topic.retention < seconds(600) || *topic.retention > seconds(31 * 86400)))
        return invalid_argument("message_retention_duration", "must be from 10 minutes to 31 days");
    std::lock_guard lock(mutex_);
    if (topics_.contains(topic.name)) return exists_already(name->id);
    return add(std::move(topic)).settings;
}

RpcResult<TopicSettings> Topics::get(std::string_view name) const {
    auto parsed = parse_resource_name("topics", name);
    if (!parsed) return parsed.error();
    std::lock_guard lock(mutex_);
    auto topic = topics_.find(name);
    if (topic == topics_.end()) return not_found(parsed->id);
    return topic->second.settings;
}

bool Topics::exists(std::string_view name) const {
    std::lock_guard lock(mutex_);
    return topics_.contains(name);
}

RpcResult<std::vector<TopicSettings>> Topics::list(std::string_view project_name) const {
    if (!parse_project(project_name)) return invalid_argument("project");
    auto prefix = fmt::format("{}/topics/", project_name);
    std::vector<TopicSettings> found;
    std::lock_guard lock(mutex_);
    for (auto topic = topics_.lower_bound(prefix); topic != topics_.end() && topic->first.starts_with(prefix); ++topic)
        found.push_back(topic->second.settings);
    return found;
}

std::vector<TopicSettings> Topics::list_all() const {
    std::vector<TopicSettings> all;
    std::lock_guard lock(mutex_);
    for (const auto& [name, topic] : topics_) all.push_back(topic.settings);
    return all;
}

RpcResult<void> Topics::remove(std::string_view name) {
    auto parsed = parse_resource_name("topics", name);
    if (!parsed) return parsed.error();
    std::lock_guard lock(mutex_);
    auto topic = topics_.find(name);
    if (topic == topics_.end()) return not_found(parsed->id);
    for (auto& [subscription, backlog] : topic->second.subscriptions)
        subscriptions_.find(subscription)->second.settings.topic = kDeletedTopic;
    topics_.erase(topic);
    deleted_.emplace(name);
    return {};
}

RpcResult<std::vector<std::string>> Topics::subscriptions_of(std::string_view name) const {
    auto parsed = parse_resource_name("topics", name);
    if (!parsed) return parsed.error();
    std::lock_guard lock(mutex_);
    auto topic = topics_.find(name);
    if (topic == topics_.end()) return not_found(parsed->id);
    std::vector<std::string> names;
    for (const auto& [subscription, backlog] : topic->second.subscriptions) names.push_back(subscription);
    return names;
}

RpcResult<Topics::Topic*> Topics::find_or_make(std::string_view name) {
    if (auto topic = topics_.find(name); topic != topics_.end()) return &topic->second;
    if (!options_.create_on_use || deleted_.contains(name)) return not_found(id_of(name));
    TopicSettings settings;
    settings.name = name;
    return &add(std::move(settings));
}

std::optional<RpcError> Topics::record_fault(const Topic& topic, std::span<const PublishMessage> messages) {
    if (!faults_.looks_at_records()) return std::nullopt;
    const FaultSubject subject{"pubsub", "Publish", *topic.target};
    for (std::size_t i = 0; i < messages.size(); i++) {
        auto fault = faults_.on_record(subject, i, messages[i].ordering_key, messages[i].data);
        if (!fault) continue;
        bool throttled = fault->action == FaultAction::throttle;
        RpcError error = throttled ? RpcError{RpcCode::resource_exhausted,
                                              "Quota exceeded for quota metric 'Regional publisher throughput, kB' "
                                              "and limit 'Regional publisher throughput, kB per minute per region' of "
                                              "service 'pubsub.googleapis.com'.",
                                              {}}
                                   : RpcError{RpcCode::internal, "A service error has occurred.", {}};
        if (auto named = parse_rpc_code(fault->code)) error.code = *named;
        if (!fault->message.empty()) error.message = fault->message;
        return error;
    }
    return std::nullopt;
}

RpcResult<std::vector<std::string>> Topics::publish(std::string_view name, std::span<const PublishMessage> messages,
                                                    std::size_t request_bytes) {
    if (auto parsed = parse_resource_name("topics", name); !parsed) return parsed.error();
    if (auto refusal = refuse_publish(messages, request_bytes, options_.limits)) return *refusal;
    auto items = make_items(messages);
    std::vector<std::string> ids(items.size());

    std::lock_guard lock(mutex_);
    auto found = find_or_make(name);
    if (!found) return found.error();
    auto& topic = **found;
    if (auto fault = record_fault(topic, messages)) return *fault;
    for (std::size_t i = 0; i < items.size(); i++) {
        items[i].target = topic.target;
        items[i].id = ids[i] = fmt::format_int(kFirstMessageId + ++last_message_).str();
        items[i].sequence = fmt::format_int(topic.next_sequence++).str();
    }
    auto number = received_.append(std::move(items));
    if (topic.subscriptions.empty()) return ids;
    auto oldest = received_.first();
    for (auto& [subscription, backlog] : topic.subscriptions) {
        for (std::size_t i = 0; i < messages.size(); i++) backlog->add(number + i, messages[i].ordering_key);
        backlog->forget_before(oldest);
    }
    return ids;
}

RpcResult<SubscriptionSettings> Topics::create_subscription(SubscriptionSettings settings) {
    auto name = parse_resource_name("subscriptions", settings.name);
    if (!name) return name.error();
    auto topic_name = parse_resource_name("topics", settings.topic);
    if (!topic_name) return topic_name.error();
    if (auto checked = check_deadline(settings.ack_deadline, "ack_deadline_seconds", seconds(10)); !checked)
        return checked.error();
    std::lock_guard lock(mutex_);
    if (subscriptions_.contains(settings.name)) return exists_already(name->id);
    auto topic = find_or_make(settings.topic);
    if (!topic) return topic.error();
    auto full_name = settings.name;
    Backlog backlog(settings.ordered);
    auto made = subscriptions_.emplace(full_name, Subscription{std::move(settings), std::move(backlog)}).first;
    (*topic)->subscriptions.emplace(std::move(full_name), &made->second.backlog);
    return made->second.settings;
}

RpcResult<Topics::Subscription*> Topics::find_subscription(std::string_view name) {
    auto parsed = parse_resource_name("subscriptions", name);
    if (!parsed) return parsed.error();
    auto subscription = subscriptions_.find(name);
    if (subscription == subscriptions_.end()) return not_found(parsed->id);
    return &subscription->second;
}

RpcResult<SubscriptionSettings> Topics::get_subscription(std::string_view name) const {
    std::lock_guard lock(mutex_);
    auto found = const_cast<Topics*>(this)->find_subscription(name);
    if (!found) return found.error();
    return (*found)->settings;
}

RpcResult<std::vector<SubscriptionSettings>> Topics::list_subscriptions(std::string_view project_name) const {
    if (!parse_project(project_name)) return invalid_argument("project");
    auto prefix = fmt::format("{}/subscriptions/", project_name);
    std::vector<SubscriptionSettings> found;
    std::lock_guard lock(mutex_);
    for (auto at = subscriptions_.lower_bound(prefix); at != subscriptions_.end() && at->first.starts_with(prefix);
         ++at)
        found.push_back(at->second.settings);
    return found;
}

RpcResult<void> Topics::remove_subscription(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto found = find_subscription(name);
    if (!found) return found.error();
    auto topic = topics_.find((*found)->settings.topic);
    if (topic != topics_.end()) topic->second.subscriptions.erase(std::string(name));
    subscriptions_.erase(subscriptions_.find(name));
    return {};
}

std::uint64_t Topics::new_consumer() {
    std::lock_guard lock(mutex_);
    return ++last_consumer_;
}

RpcResult<std::vector<Topics::Delivery>> Topics::pull(std::string_view subscription, std::uint64_t consumer,
                                                      std::size_t most, std::size_t max_outstanding,
                                                      std::optional<seconds> ack_deadline) {
    std::lock_guard lock(mutex_);
    auto found = find_subscription(subscription);
    if (!found) return found.error();
    auto& backlog = (*found)->backlog;
    auto now = clock_.steady_now();
    if (max_outstanding != 0) {
        auto outstanding = backlog.outstanding(consumer, now);
        most = std::min(most, max_outstanding - std::min(max_outstanding, outstanding));
    }
    std::vector<Delivery> deliveries;
    std::size_t bytes = 0;
    while (deliveries.size() < most && (deliveries.empty() || bytes < kPullBytes)) {
        auto leases = backlog.take(consumer, 1, now, ack_deadline.value_or((*found)->settings.ack_deadline));
        if (leases.empty()) break;
        auto item = received_.get(leases.front().number);
        if (!item) {
            backlog.forget(leases.front().number);
            continue;
        }
        bytes += item->body_size;
        deliveries.push_back({std::move(leases.front().ack_id), leases.front().attempt, std::move(*item)});
    }
    return deliveries;
}

RpcResult<void> Topics::acknowledge(std::string_view subscription, std::span<const std::string> ack_ids) {
    std::lock_guard lock(mutex_);
    auto found = find_subscription(subscription);
    if (!found) return found.error();
    if (ack_ids.size() > kMostAckIds) return invalid_argument("ack_ids", "too many");
    for (const auto& id : ack_ids) (*found)->backlog.acknowledge(id);
    return {};
}

RpcResult<void> Topics::modify_deadline(std::string_view subscription, std::span<const std::string> ack_ids,
                                        seconds deadline) {
    if (auto checked = check_deadline(deadline, "ack_deadline_seconds", seconds(0)); !checked) return checked.error();
    std::lock_guard lock(mutex_);
    auto found = find_subscription(subscription);
    if (!found) return found.error();
    if (ack_ids.size() > kMostAckIds) return invalid_argument("ack_ids", "too many");
    auto now = clock_.steady_now();
    for (const auto& id : ack_ids) (*found)->backlog.modify_deadline(id, now, deadline);
    return {};
}

}  // namespace sluice::sandbox
