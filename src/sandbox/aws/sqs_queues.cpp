#include "sandbox/aws/sqs_queues.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice::sandbox {
namespace {

constexpr auto kDeduplicationWindow = std::chrono::minutes(5);

/// Twenty digits, beyond 2^64, as the service's are: whoever keeps them in an integer finds out here.
std::string sequence_number(std::uint64_t counter) {
    return fmt::format("188{:017}", counter);
}

struct Bounds {
    std::int64_t least, most, usual;
};
/// The numeric attributes a queue may be created with.
const std::map<std::string, Bounds>& numeric_attributes() {
    static const std::map<std::string, Bounds> kBounds{
        {"DelaySeconds", {0, 900, 0}},
        {"MaximumMessageSize", {1024, 1'048'576, 1'048'576}},
        {"MessageRetentionPeriod", {60, 1'209'600, 345'600}},
        {"ReceiveMessageWaitTimeSeconds", {0, 20, 0}},
        {"VisibilityTimeout", {0, 43'200, 30}},
    };
    return kBounds;
}

bool is_queue_name(std::string_view name) {
    auto stem = name.ends_with(".fifo") ? name.substr(0, name.size() - 5) : name;
    return name.size() <= 80 && is_sqs_entry_id(stem);
}

std::optional<std::int64_t> to_number(std::string_view text) {
    std::int64_t value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A random UUID, like the service gives.
std::string new_message_id() {
    auto hex = hex_lower(random_bytes(16));
    hex[12] = '4';
    hex[16] = 'a';
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
           hex.substr(20);
}

/// What the receipt handle says; only the handle of the last delivery is good.
std::optional<std::uint64_t> number_in_receipt(std::string_view handle) {
    auto decoded = base64_decode(handle);
    if (!decoded) return std::nullopt;
    auto number = to_number(std::string_view(*decoded).substr(0, decoded->find(' ')));
    if (!number) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

}  // namespace

SqsQueues::SqsQueues(Options options, ReceivedLog& received, FaultInjector& faults, const Clock& clock)
    : options_(options), received_(received), faults_(faults), clock_(clock) {}

AwsError SqsQueues::missing_queue() {
    return sqs_error("QueueDoesNotExist", "The specified queue does not exist.");
}

std::int64_t SqsQueues::Queue::number(const char* attribute) const {
    return to_number(attributes.at(attribute)).value_or(0);
}

bool SqsQueues::Queue::is_set(const char* attribute, std::string_view value) const {
    auto found = attributes.find(attribute);
    return found != attributes.end() && found->second == value;
}

SqsQueues::Queue* SqsQueues::find(std::string_view name) {
    auto found = queues_.find(name);
    if (found != queues_.end()) return &found->second;
    if (!options_.auto_create || deleted_.contains(name) || !is_queue_name(name)) return nullptr;
    Attributes attributes{{"MaximumMessageSize", std::to_string(options_.max_message_bytes)}};
    if (name.ends_with(".fifo")) attributes["FifoQueue"] = "true";
    return &add(name, std::move(attributes));
}

SqsQueues::Queue& SqsQueues::add(std::string_view name, Attributes attributes) {
    auto& queue = queues_[std::string(name)];
    queue.name = std::make_shared<const std::string>(name);
    queue.fifo = name.ends_with(".fifo");
    queue.created_ms = to_epoch_ms(clock_.now());
    queue.attributes = std::move(attributes);
    for (const auto& [attribute, bounds] : numeric_attributes())
        queue.attributes.try_emplace(attribute, std::to_string(bounds.usual));
    if (queue.fifo) {
        queue.attributes.try_emplace("ContentBasedDeduplication", "false");
        queue.attributes.try_emplace("DeduplicationScope", "queue");
        queue.attributes.try_emplace("FifoThroughputLimit", "perQueue");
    }
    return queue;
}

AwsResult<void> SqsQueues::create(std::string_view name, const boost::json::object& attributes) {
    if (!is_queue_name(name))
        return invalid_value("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
    Attributes wanted;
    for (const auto& member : attributes) {
        std::string key(member.key());
        std::string value = member.value().is_string() ? std::string(member.value().get_string())
                                                       : boost::json::serialize(member.value());
        if (auto bounds = numeric_attributes().find(key); bounds != numeric_attributes().end()) {
            auto number = to_number(value);
            if (!number || *number < bounds->second.least || *number > bounds->second.most)
                return sqs_error("InvalidAttributeValue", fmt::format("Invalid value for the parameter {}.", key));
        }
        wanted.emplace(std::move(key), std::move(value));
    }
    bool fifo = wanted.contains("FifoQueue") && wanted["FifoQueue"] == "true";
    if (fifo != name.ends_with(".fifo"))
        return invalid_value(
            fifo ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                   "underscores, must end "
                   "with .fifo suffix and be 1 to 80 in length."
                 : "A queue whose name ends in .fifo must be created with the attribute FifoQueue=true.");
    std::lock_guard lock(mutex_);
    if (auto found = queues_.find(name); found != queues_.end()) {
        for (const auto& [key, value] : wanted) {
            if (!found->second.is_set(key.c_str(), value))
                return sqs_error(
                    "QueueNameExists",
                    fmt::format("A queue already exists with the same name and a different value for attribute {}",
                                key));
        }
        return {};
    }
    deleted_.erase(std::string(name));
    add(name, std::move(wanted));
    return {};
}

AwsResult<void> SqsQueues::remove(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto found = queues_.find(name);
    if (found == queues_.end()) return missing_queue();
    queues_.erase(found);
    deleted_.emplace(name);
    return {};
}

std::vector<QueueInfo> SqsQueues::list() const {
    std::lock_guard lock(mutex_);
    std::vector<QueueInfo> all;
    for (const auto& [name, queue] : queues_) all.push_back({name, queue.fifo, queue.messages.size()});
    return all;
}

AwsResult<QueueInfo> SqsQueues::info(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto* queue = find(name);
    if (queue == nullptr) return missing_queue();
    return QueueInfo{*queue->name, queue->fifo, queue->messages.size()};
}

AwsResult<SqsQueues::Attributes> SqsQueues::attributes(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto* queue = find(name);
    if (queue == nullptr) return missing_queue();
    auto all = queue->attributes;
    auto now = to_epoch_ms(clock_.now());
    std::size_t visible = 0, in_flight = 0, delayed = 0;
    for (const auto& [number, message] : queue->messages)
        (message.visible_at_ms <= now ? visible : message.receive_count > 0 ? in_flight : delayed)++;
    all["ApproximateNumberOfMessages"] = std::to_string(visible);
    all["ApproximateNumberOfMessagesNotVisible"] = std::to_string(in_flight);
    all["ApproximateNumberOfMessagesDelayed"] = std::to_string(delayed);
    all["CreatedTimestamp"] = std::to_string(queue->created_ms / 1000);
    all["LastModifiedTimestamp"] = std::to_string(queue->created_ms / 1000);
    return all;
}

SendOutcome SqsQueues::refused(std::string code, std::string message, bool sender_fault) {
    SendOutcome outcome;
    outcome.error_code = std::move(code);
    outcome.error_message = std::move(message);
    outcome.sender_fault = sender_fault;
    return outcome;
}

std::optional<SendOutcome> SqsQueues::refuse(const Queue& queue, const SqsMessage& message) const {
    auto limit = static_cast<std::size_t>(queue.number("MaximumMessageSize"));
    if (message.size > limit)
        return refused(
            "InvalidParameterValue",
            fmt::format("One or more parameters are invalid. Reason: Message must be shorter than {} bytes.", limit),
            true);
    if (!queue.fifo) {
        if (!message.deduplication_id.empty())
            return refused(
                "InvalidParameterValue",
                "The request include parameter MessageDeduplicationId which is not valid for this queue type", true);
        return std::nullopt;
    }
    if (message.group.empty())
        return refused("MissingParameter", "The request must contain the parameter MessageGroupId.", true);
    if (message.delay && message.delay->count() != 0)
        return refused(
            "InvalidParameterValue",
            fmt::format(
                "Value {} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not "
                "valid for this queue type.",
                message.delay->count()),
            true);
    if (message.deduplication_id.empty() && !queue.is_set("ContentBasedDeduplication", "true"))
        return refused("InvalidParameterValue",
                       "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
                       "provided explicitly",
                       true);
    return std::nullopt;
}

AwsResult<std::vector<SendOutcome>> SqsQueues::send(std::string_view name, std::string_view operation,
                                                    std::vector<SqsMessage> messages) {
    const FaultSubject subject{"sqs", operation, name};
    bool ask_faults = faults_.looks_at_records();
    std::lock_guard lock(mutex_);
    auto* queue = find(name);
    if (queue == nullptr) return missing_queue();
    auto now = to_epoch_ms(clock_.now());
    auto window = std::chrono::duration_cast<std::chrono::milliseconds>(kDeduplicationWindow).count();
    while (!queue->recent_by_age.empty() && queue->recent_by_age.front().first <= now - window) {
        queue->recent.erase(queue->recent_by_age.front().second);
        queue->recent_by_age.pop_front();
    }

    std::vector<SendOutcome> outcomes;
    std::vector<ReceivedItem> items;
    std::vector<Message> stored;
    for (std::size_t i = 0; i < messages.size(); i++) {
        auto& message = messages[i];
        if (auto fault = ask_faults ? faults_.on_record(subject, i, message.group, message.body) : std::nullopt) {
            bool throttled = fault->action == FaultAction::throttle;
            auto code = !fault->code.empty() ? fault->code : throttled ? "ThrottlingException" : "InternalError";
            auto text = !fault->message.empty() ? fault->message
                        : throttled             ? "Rate exceeded"
                                                : "Internal Service Failure";
            outcomes.push_back(refused(code, text, false));
            continue;
        }
        if (auto refusal = refuse(*queue, message)) {
            outcomes.push_back(std::move(*refusal));
            continue;
        }
        SendOutcome outcome;
        outcome.body_md5 = hex_lower(as_view(md5(message.body)));
        if (queue->fifo) {
            if (message.deduplication_id.empty()) message.deduplication_id = hex_lower(as_view(sha256(message.body)));
            auto key = queue->is_set("DeduplicationScope", "messageGroup")
                           ? message.group + " " + message.deduplication_id
                           : message.deduplication_id;
            if (auto before = queue->recent.find(key); before != queue->recent.end()) {
                outcome.message_id = before->second.message_id;
                outcome.sequence = before->second.sequence;
                outcomes.push_back(std::move(outcome));
                continue;
            }
            outcome.sequence = sequence_number(queue->next_sequence++);
            outcome.message_id = new_message_id();
            queue->recent[key] = {outcome.message_id, outcome.sequence};
            queue->recent_by_age.emplace_back(now, key);
        } else {
            outcome.message_id = new_message_id();
        }
        auto delay = message.delay ? message.delay->count() : queue->number("DelaySeconds");
        Message kept;
        kept.group = message.group;
        kept.visible_at_ms = now + delay * 1000;
        stored.push_back(std::move(kept));

        ReceivedItem item;
        item.service = "sqs";
        item.target = queue->name;
        item.key = std::move(message.group);
        item.id = outcome.message_id;
        item.sequence = outcome.sequence;
        item.deduplication_id = std::move(message.deduplication_id);
        item.attributes = std::move(message.attributes);
        auto size = message.body.size();
        item.body = {std::make_shared<const std::string>(std::move(message.body)), 0, size};
        items.push_back(std::move(item));
        outcomes.push_back(std::move(outcome));
    }
    auto number = received_.append(std::move(items));
    if (received_.keep() == Keep::all) {
        for (auto& message : stored) queue->messages.emplace_hint(queue->messages.end(), number++, std::move(message));
        auto first_kept = received_.first();
        queue->messages.erase(queue->messages.begin(), queue->messages.lower_bound(first_kept));
    }
    return outcomes;
}

AwsResult<std::vector<Delivery>> SqsQueues::receive(std::string_view name, std::size_t most,
                                                    std::optional<std::chrono::seconds> visibility_timeout) {
    std::lock_guard lock(mutex_);
    auto* queue = find(name);
    if (queue == nullptr) return missing_queue();
    auto now = to_epoch_ms(clock_.now());
    auto timeout = visibility_timeout ? visibility_timeout->count() : queue->number("VisibilityTimeout");
    std::vector<Delivery> deliveries;
    std::set<std::string_view> waiting_groups;  // those with an earlier message that is still out
    for (auto entry = queue->messages.begin(); entry != queue->messages.end() && deliveries.size() < most;) {
        auto& [number, message] = *entry;
        bool held = queue->fifo && waiting_groups.contains(message.group);
        if (message.visible_at_ms > now || held) {
            if (queue->fifo) waiting_groups.insert(message.group);
            ++entry;
            continue;
        }
        auto item = received_.get(number);
        if (!item) {  // cleared, or made room for newer ones
            entry = queue->messages.erase(entry);
            continue;
        }
        if (message.receive_count++ == 0) message.first_received_ms = now;
        message.visible_at_ms = now + timeout * 1000;
        message.receipt_handle = base64_encode(fmt::format("{} {}", number, hex_lower(random_bytes(16))));
        deliveries.push_back(
            {std::move(*item), message.receipt_handle, message.receive_count, message.first_received_ms});
        ++entry;
    }
    return deliveries;
}

AwsResult<void> SqsQueues::delete_message(std::string_view name, std::string_view receipt_handle) {
    auto number = number_in_receipt(receipt_handle);
    if (!number) return sqs_error("ReceiptHandleIsInvalid", "The input receipt handle is not a valid receipt handle.");
    std::lock_guard lock(mutex_);
    auto* queue = find(name);
    if (queue == nullptr) return missing_queue();
    auto found = queue->messages.find(*number);
    // An old handle, or a message that is gone: the service says yes and does nothing.
    if (found != queue->messages.end() && found->second.receipt_handle == receipt_handle) queue->messages.erase(found);
    return {};
}

AwsResult<void> SqsQueues::change_visibility(std::string_view name, std::string_view receipt_handle,
                                             std::chrono::seconds timeout) {
    auto number = number_in_receipt(receipt_handle);
    if (!number) return sqs_error("ReceiptHandleIsInvalid", "The input receipt handle is not a valid receipt handle.");
    std::lock_guard lock(mutex_);
    auto* queue = find(name);
    if (queue == nullptr) return missing_queue();
    auto now = to_epoch_ms(clock_.now());
    auto found = queue->messages.find(*number);
    if (found == queue->messages.end() || found->second.receipt_handle != receipt_handle ||
        found->second.visible_at_ms <= now)
        return sqs_error("MessageNotInflight", "The message referred to is not in flight.");
    found->second.visible_at_ms = now + timeout.count() * 1000;
    return {};
}

AwsResult<void> SqsQueues::purge(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto* queue = find(name);
    if (queue == nullptr) return missing_queue();
    queue->messages.clear();
    return {};
}

}  // namespace sluice::sandbox
