#include "sandbox/aws/sqs_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "base/encoding.hpp"
#include "json/find.hpp"
#include "sandbox/aws/aws_input.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMaxBatchEntries = 10;
constexpr std::size_t kMaxBatchBytes = std::size_t{1} << 20;
constexpr std::int64_t kMaxReceived = 10;
constexpr std::int64_t kMaxWaitSeconds = 20;
constexpr std::string_view kAccount = "000000000000";

/// The queue's name: what follows the last `/` of its URL, whatever host that names.
std::string queue_of_url(std::string_view url) {
    return std::string(url.substr(url.rfind('/') + 1));
}

AwsReply empty_reply() {
    return {"{}", false};
}

AwsError missing_parameter(std::string_view name) {
    return sqs_error("MissingParameter", fmt::format("The request must contain the parameter {}.", name));
}

/// The entries of a batch after the checks that all batches share; the ids are known to be good and distinct.
AwsResult<std::vector<const bj::object*>> batch_entries(const bj::object& input) {
    const auto* value = input.if_contains("Entries");
    const auto* list = value == nullptr ? nullptr : value->if_array();
    if (list == nullptr || list->empty())
        return sqs_error("EmptyBatchRequest",
                         "There should be at least one SendMessageBatchRequestEntry in the request.");
    if (list->size() > kMaxBatchEntries)
        return sqs_error("TooManyEntriesInBatchRequest",
                         fmt::format("Maximum number of entries per request are {}. You have sent {}.",
                                     kMaxBatchEntries, list->size()));
    std::vector<const bj::object*> entries;
    std::set<std::string> ids;
    for (const auto& element : *list) {
        const auto* entry = element.if_object();
        if (entry == nullptr) return AwsError{400, "SerializationException", "an entry is not an object", {}};
        auto id = text_member(*entry, "Id").value_or("");
        if (!is_sqs_entry_id(id))
            return sqs_error("InvalidBatchEntryId",
                             "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It "
                             "can be at most 80 "
                             "letters long.");
        if (!ids.insert(id).second) return sqs_error("BatchEntryIdsNotDistinct", fmt::format("Id {} repeated.", id));
        entries.push_back(entry);
    }
    return entries;
}

bj::object failed_entry(std::string_view id, std::string_view code, std::string_view message, bool sender_fault) {
    return {{"Id", bj::string(id.data(), id.size())},
            {"SenderFault", sender_fault},
            {"Code", bj::string(code.data(), code.size())},
            {"Message", bj::string(message.data(), message.size())}};
}

bj::object sent_json(const SqsMessage& message, const SendOutcome& outcome) {
    bj::object out{{"MessageId", outcome.message_id}, {"MD5OfMessageBody", outcome.body_md5}};
    if (!message.attributes_md5.empty()) out["MD5OfMessageAttributes"] = message.attributes_md5;
    if (!outcome.sequence.empty()) out["SequenceNumber"] = outcome.sequence;
    return out;
}

/// The names in an input's array of strings.
std::set<std::string> names_in(const bj::object& input, const char* member) {
    std::set<std::string> names;
    const auto* value = input.if_contains(member);
    if (value == nullptr || !value->is_array()) return names;
    for (const auto& name : value->get_array()) {
        if (name.is_string()) names.emplace(name.get_string());
    }
    return names;
}

bj::object delivery_json(const Delivery& delivery, const std::set<std::string>& system_names,
                         const std::set<std::string>& attribute_names) {
    const auto& item = delivery.item;
    auto body = item.body.view();
    bj::object out;
    out["MessageId"] = item.id;
    out["ReceiptHandle"] = delivery.receipt_handle;
    out["MD5OfBody"] = hex_lower(as_view(md5(body)));
    out["Body"] = bj::string(body.data(), body.size());

    bj::object all{{"SentTimestamp", std::to_string(item.time_us / 1000)},
                   {"ApproximateReceiveCount", std::to_string(delivery.receive_count)},
                   {"ApproximateFirstReceiveTimestamp", std::to_string(delivery.first_received_ms)},
                   {"SenderId", "sandbox"}};
    if (!item.key.empty()) all["MessageGroupId"] = item.key;
    if (!item.deduplication_id.empty()) all["MessageDeduplicationId"] = item.deduplication_id;
    if (!item.sequence.empty()) all["SequenceNumber"] = item.sequence;
    bj::object system;
    for (auto& member : all) {
        if (system_names.contains("All") || system_names.contains(std::string(member.key())))
            system[member.key()] = member.value();
    }
    if (!system.empty()) out["Attributes"] = std::move(system);

    if (!item.attributes.empty() && !attribute_names.empty()) {
        bj::object attributes;
        auto given = bj::parse(item.attributes);
        for (auto& member : given.get_object()) {
            std::string name(member.key());
            bool wanted = std::any_of(attribute_names.begin(), attribute_names.end(), [&](const std::string& pattern) {
                return pattern == "All" || pattern == name ||
                       (pattern.ends_with(".*") && name.starts_with(pattern.substr(0, pattern.size() - 1)));
            });
            if (wanted) attributes[member.key()] = member.value();
        }
        if (!attributes.empty()) {
            if (auto digest = md5_of_attributes(attributes)) out["MD5OfMessageAttributes"] = *digest;
            out["MessageAttributes"] = std::move(attributes);
        }
    }
    return out;
}

}  // namespace

const std::map<std::string_view, SqsApi::Operation>& SqsApi::operations() {
    static const std::map<std::string_view, Operation> kOperations{
        {"SendMessage", &SqsApi::send_message},
        {"SendMessageBatch", &SqsApi::send_message_batch},
        {"ReceiveMessage", &SqsApi::receive_message},
        {"DeleteMessage", &SqsApi::delete_message},
        {"DeleteMessageBatch", &SqsApi::delete_message_batch},
        {"ChangeMessageVisibility", &SqsApi::change_visibility},
        {"CreateQueue", &SqsApi::create_queue},
        {"DeleteQueue", &SqsApi::delete_queue},
        {"GetQueueUrl", &SqsApi::get_queue_url},
        {"GetQueueAttributes", &SqsApi::get_queue_attributes},
        {"ListQueues", &SqsApi::list_queues},
        {"PurgeQueue", &SqsApi::purge_queue},
    };
    return kOperations;
}

FaultWords SqsApi::fault_words() const {
    FaultWords words{service(), {}, {"SendMessage", "SendMessageBatch"}};
    for (const auto& [name, run] : operations()) words.operations.push_back(name);
    return words;
}

AwsResult<AwsCall> SqsApi::prepare(std::string_view operation, http::Request& request) {
    auto found = operations().find(operation);
    if (found == operations().end())
        return AwsError{
            400, "UnknownOperationException", fmt::format("the sandbox has no operation {}", operation), {}};
    auto input = parse_input(request.body);
    if (!input) return input.error();

    Context context;
    context.base_url = fmt::format("{}://{}", request.secure ? "https" : "http", request.headers.get("host"));
    AwsCall call;
    if (auto url = text_member(*input, "QueueUrl")) {
        context.queue = queue_of_url(*url);
    } else if (auto name = text_member(*input, "QueueName")) {
        context.queue = *name;
    } else if (operation != "ListQueues") {
        return missing_parameter(operation == "CreateQueue" || operation == "GetQueueUrl" ? "QueueName" : "QueueUrl");
    }
    call.target = context.queue;
    if (operation == "ReceiveMessage")
        call.wait = std::chrono::seconds(
            std::clamp<std::int64_t>(integer_member(*input, "WaitTimeSeconds").value_or(0), 0, kMaxWaitSeconds));
    auto shared = std::make_shared<const Input>(std::move(*input));
    call.run = [this, run = found->second, shared, context](const Caller& caller) mutable {
        context.region = caller.region;
        return (this->*run)(*shared, context);
    };
    return call;
}

SqsApi::Reply SqsApi::send_message(const Input& input, const Context& context) {
    auto message = read_sqs_message(input);
    if (!message) return message.error();
    auto outcomes = queues_.send(context.queue, "SendMessage", {*message});
    if (!outcomes) return outcomes.error();
    const auto& outcome = outcomes->front();
    if (!outcome.error_code.empty()) {
        auto error = sqs_error(outcome.error_code, outcome.error_message);
        error.status = outcome.error_code == "InternalError" ? 500 : 400;
        return error;
    }
    return reply(sent_json(*message, outcome));
}

SqsApi::Reply SqsApi::send_message_batch(const Input& input, const Context& context) {
    auto entries = batch_entries(input);
    if (!entries) return entries.error();
    auto queue = queues_.info(context.queue);
    if (!queue) return queue.error();
    bj::array failed;
    std::vector<SqsMessage> messages;
    std::size_t bytes = 0;
    for (const auto* entry : *entries) {
        auto id = text_member(*entry, "Id").value_or("");
        auto message = read_sqs_message(*entry);
        if (!message) {
            failed.push_back(failed_entry(id, message.error().type, message.error().message, true));
            continue;
        }
        // The one fault of an entry that fails its batch.
        if (queue->fifo && message->group.empty()) return missing_parameter("MessageGroupId");
        bytes += message->size;
        messages.push_back(std::move(*message));
    }
    if (bytes > kMaxBatchBytes)
        return sqs_error("BatchRequestTooLong",
                         fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} bytes.",
                                     kMaxBatchBytes, bytes));
    std::vector<SendOutcome> outcomes;
    if (!messages.empty()) {
        auto sent = queues_.send(context.queue, "SendMessageBatch", messages);
        if (!sent) return sent.error();
        outcomes = std::move(*sent);
    }
    bj::array successful;
    for (std::size_t i = 0; i < outcomes.size(); i++) {
        const auto& outcome = outcomes[i];
        if (!outcome.error_code.empty()) {
            failed.push_back(
                failed_entry(messages[i].entry_id, outcome.error_code, outcome.error_message, outcome.sender_fault));
            continue;
        }
        auto out = sent_json(messages[i], outcome);
        out["Id"] = messages[i].entry_id;
        successful.push_back(std::move(out));
    }
    bj::object out;
    if (!successful.empty()) out["Successful"] = std::move(successful);
    if (!failed.empty()) out["Failed"] = std::move(failed);
    return reply(out);
}

SqsApi::Reply SqsApi::receive_message(const Input& input, const Context& context) {
    auto most = integer_member(input, "MaxNumberOfMessages").value_or(1);
    if (most < 1 || most > kMaxReceived)
        return sqs_error(
            "InvalidParameterValue",
            fmt::format("Value {} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if "
                        "provided.",
                        most));
    std::optional<std::chrono::seconds> timeout;
    if (auto seconds = integer_member(input, "VisibilityTimeout")) timeout = std::chrono::seconds(*seconds);
    auto deliveries = queues_.receive(context.queue, static_cast<std::size_t>(most), timeout);
    if (!deliveries) return deliveries.error();
    if (deliveries->empty()) return AwsReply{"{}", true};
    auto system_names = names_in(input, "MessageSystemAttributeNames");
    system_names.merge(names_in(input, "AttributeNames"));
    auto attribute_names = names_in(input, "MessageAttributeNames");
    bj::array messages;
    for (const auto& delivery : *deliveries) messages.push_back(delivery_json(delivery, system_names, attribute_names));
    return reply({{"Messages", std::move(messages)}});
}

SqsApi::Reply SqsApi::delete_message(const Input& input, const Context& context) {
    auto deleted = queues_.delete_message(context.queue, text_member(input, "ReceiptHandle").value_or(""));
    if (!deleted) return deleted.error();
    return empty_reply();
}

SqsApi::Reply SqsApi::delete_message_batch(const Input& input, const Context& context) {
    auto entries = batch_entries(input);
    if (!entries) return entries.error();
    auto queue = queues_.info(context.queue);
    if (!queue) return queue.error();
    bj::array successful;
    bj::array failed;
    for (const auto* entry : *entries) {
        auto id = text_member(*entry, "Id").value_or("");
        auto deleted = queues_.delete_message(context.queue, text_member(*entry, "ReceiptHandle").value_or(""));
        if (deleted) {
            successful.push_back(bj::object{{"Id", id}});
        } else {
            failed.push_back(failed_entry(id, deleted.error().type, deleted.error().message, true));
        }
    }
    return reply({{"Successful", std::move(successful)}, {"Failed", std::move(failed)}});
}

SqsApi::Reply SqsApi::change_visibility(const Input& input, const Context& context) {
    auto seconds = integer_member(input, "VisibilityTimeout").value_or(-1);
    if (seconds < 0 || seconds > 43'200)
        return sqs_error("InvalidParameterValue", "VisibilityTimeout must be from 0 to 43200 seconds.");
    auto changed = queues_.change_visibility(context.queue, text_member(input, "ReceiptHandle").value_or(""),
                                             std::chrono::seconds(seconds));
    if (!changed) return changed.error();
    return empty_reply();
}

SqsApi::Reply SqsApi::create_queue(const Input& input, const Context& context) {
    const auto* attributes = object_member(input, "Attributes");
    auto created = queues_.create(context.queue, attributes != nullptr ? *attributes : bj::object());
    if (!created) return created.error();
    return reply({{"QueueUrl", fmt::format("{}/{}/{}", context.base_url, kAccount, context.queue)}});
}

SqsApi::Reply SqsApi::delete_queue(const Input&, const Context& context) {
    auto removed = queues_.remove(context.queue);
    if (!removed) return removed.error();
    return empty_reply();
}

SqsApi::Reply SqsApi::get_queue_url(const Input&, const Context& context) {
    auto queue = queues_.info(context.queue);
    if (!queue) return queue.error();
    return reply({{"QueueUrl", fmt::format("{}/{}/{}", context.base_url, kAccount, context.queue)}});
}

SqsApi::Reply SqsApi::get_queue_attributes(const Input& input, const Context& context) {
    auto attributes = queues_.attributes(context.queue);
    if (!attributes) return attributes.error();
    (*attributes)["QueueArn"] = fmt::format("arn:aws:sqs:{}:{}:{}", context.region, kAccount, context.queue);
    auto names = names_in(input, "AttributeNames");
    bj::object out;
    for (const auto& [name, value] : *attributes) {
        if (names.contains("All") || names.contains(name)) out[name] = value;
    }
    return reply({{"Attributes", std::move(out)}});
}

SqsApi::Reply SqsApi::list_queues(const Input& input, const Context& context) {
    auto prefix = text_member(input, "QueueNamePrefix").value_or("");
    bj::array urls;
    for (const auto& queue : queues_.list()) {
        if (queue.name.starts_with(prefix))
            urls.emplace_back(fmt::format("{}/{}/{}", context.base_url, kAccount, queue.name));
    }
    bj::object out;
    if (!urls.empty()) out["QueueUrls"] = std::move(urls);
    return reply(out);
}

SqsApi::Reply SqsApi::purge_queue(const Input&, const Context& context) {
    auto purged = queues_.purge(context.queue);
    if (!purged) return purged.error();
    return empty_reply();
}

http::Response SqsApi::error_response(const AwsError& error, const http::Request& request) const {
    http::Response response;
    response.status = error.status;
    // What the service itself says is in its own namespace; what its front end says about a caller is not.
    bool of_front_end = error.type.ends_with("Exception");
    response.body = of_front_end ? "{\"__type\":\"com.amazon.coral.service#" : "{\"__type\":\"com.amazonaws.sqs#";
    response.body += error.type;
    response.body += "\",\"message\":";
    json::append_quoted(response.body, error.message);
    response.body += '}';
    if (request.headers.get("x-amzn-query-mode") == "true") {
        auto code = error.query_code.empty() ? error.type : error.query_code;
        response.headers.set("x-amzn-query-error", code + (error.status < 500 ? ";Sender" : ";Receiver"));
    }
    return response;
}

AwsError SqsApi::auth_error(const AuthFailure& failure) const {
    using Kind = AuthFailure::Kind;
    switch (failure.kind) {
        case Kind::missing_token:
            return {403, "MissingAuthenticationTokenException", failure.message, "MissingAuthenticationToken"};
        case Kind::incomplete_signature:
            return {400, "IncompleteSignatureException", failure.message, "IncompleteSignature"};
        case Kind::unknown_key:
            return {403, "UnrecognizedClientException", failure.message, "InvalidClientTokenId"};
        case Kind::expired_session:
            return {403, "ExpiredTokenException", failure.message, "ExpiredToken"};
        case Kind::access_denied:
            return {403, "AccessDeniedException", failure.message, "AccessDenied"};
        case Kind::wrong_signature:
        case Kind::wrong_clock:
            break;
    }
    return {403, "InvalidSignatureException", failure.message, "SignatureDoesNotMatch"};
}

AwsError SqsApi::throttled() const {
    return sqs_error("RequestThrottled", "Request was denied due to request throttling.");
}

AwsError SqsApi::internal_failure(int status) const {
    if (status == 503) return {status, "ServiceUnavailable", "The service is not available now.", "ServiceUnavailable"};
    return {status, "InternalFailure", "Internal Service Failure", "InternalFailure"};
}

}  // namespace sluice::sandbox
