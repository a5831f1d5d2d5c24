#include "destinations/sqs/response.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <memory>
#include <utility>

#include "base/encoding.hpp"
#include "base/utf8.hpp"
#include "destination/connection_failure.hpp"
#include "destinations/sqs/error_table.hpp"
#include "destinations/sqs/message_attributes.hpp"

namespace sluice::sqs {
namespace {

constexpr std::size_t kMaxMessageBytes = 500;

std::string_view text_of(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return {};
    return {value->get_string().data(), value->get_string().size()};
}

std::optional<std::size_t> index_of(std::string_view id, std::size_t count) {
    std::size_t index = 0;
    auto [end, failed] = std::from_chars(id.data(), id.data() + id.size(), index);
    if (failed != std::errc() || end != id.data() + id.size() || index >= count) return std::nullopt;
    return index;
}

/// Calls `read(object, answer)` for every entry of the array that names a message. False when it is no array of
/// objects.
template <class Read>
bool read_entries(const boost::json::object& answer, std::string_view name, std::vector<EntryAnswer>& answers,
                  std::vector<bool>& told, Read read) {
    const auto* list = answer.if_contains(name);
    if (list == nullptr || list->is_null()) return true;
    if (!list->is_array()) return false;
    for (const auto& element : list->get_array()) {
        if (!element.is_object()) return false;
        const auto& object = element.get_object();
        auto index = index_of(text_of(object, "Id"), answers.size());
        if (!index) continue;
        EntryAnswer entry;
        read(object, entry);
        // Stored and failed at once: nobody knows.
        if (told[*index] && answers[*index].kind != entry.kind) entry = {};
        answers[*index] = std::move(entry);
        told[*index] = true;
    }
    return true;
}

std::shared_ptr<const Failure> failure_of_entry(const EntryAnswer& answer, const Meaning& meaning,
                                                std::string_view queue) {
    Failure failure;
    failure.error_class = meaning.error_class;
    failure.code = answer.code.empty() ? "unnamed_error" : std::string(today_s_code(answer.code));
    failure.message = answer.message.empty() ? "SQS did not take this message" : answer.message;
    failure.target = queue;
    failure.hint = meaning.hint;
    return std::make_shared<const Failure>(std::move(failure));
}

Verdict verdict_of_entry(const EntryAnswer& answer, std::string_view queue) {
    if (answer.kind == EntryAnswer::Kind::stored) return Verdict::accepted();
    if (answer.kind == EntryAnswer::Kind::missing) {
        Failure failure;
        failure.code = "no_answer_for_message";
        failure.message = "SQS's answer says nothing of this message";
        failure.target = queue;
        failure.hint = "it is sent again by itself";
        return Verdict::retry(std::make_shared<const Failure>(std::move(failure)), true);
    }
    constexpr int kAnswered = 200;
    auto meaning = meaning_of(answer.code, answer.message, kAnswered, Told::of_entry, answer.sender_fault);
    auto failure = failure_of_entry(answer, meaning, queue);
    if (meaning.for_good) return Verdict::rejected(std::move(failure));
    return Verdict::retry(std::move(failure), meaning.ambiguous);
}

bool same_hex(std::string_view told, std::string_view computed) {
    return std::equal(told.begin(), told.end(), computed.begin(), computed.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'F' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
    });
}

/// SQS names the error of the query protocol in a header: `AWS.SimpleQueueService.NonExistentQueue;Sender`.
std::string_view code_of(const auth::AwsReply& reply) {
    if (!reply.error.code.starts_with("http_")) return reply.error.code;
    auto query_error = reply.headers.get("x-amzn-query-error");
    auto code = query_error.substr(0, query_error.find(';'));
    return code.empty() ? std::string_view(reply.error.code) : code;
}

Failure failure_of_error(const auth::AwsCallError& error, const Endpoint& endpoint) {
    if (!error.no_credentials) return connection_failure(error.transport, endpoint);
    Failure failure;
    bool may_pass = error.error.code == Errc::unavailable || error.error.code == Errc::timeout ||
                    error.error.code == Errc::cancelled;
    failure.error_class = may_pass ? ErrorClass::transient : ErrorClass::credentials;
    failure.code = "no_credentials";
    failure.message = error.error.message;
    failure.hint = error.error.hint;
    return failure;
}

}  // namespace

std::optional<std::vector<EntryAnswer>> read_send_batch_answer(std::string_view body, std::size_t count) {
    boost::system::error_code not_json;
    auto parsed = boost::json::parse(boost::json::string_view(body.data(), body.size()), not_json);
    if (not_json || !parsed.is_object()) return std::nullopt;
    const auto& answer = parsed.get_object();
    if (!answer.contains("Successful") && !answer.contains("Failed")) return std::nullopt;

    std::vector<EntryAnswer> answers(count);
    std::vector<bool> told(count);
    bool readable = read_entries(answer, "Successful", answers, told, [](const auto& object, EntryAnswer& entry) {
        entry.kind = EntryAnswer::Kind::stored;
        entry.md5_of_body = text_of(object, "MD5OfMessageBody");
        entry.md5_of_attributes = text_of(object, "MD5OfMessageAttributes");
    });
    readable = readable && read_entries(answer, "Failed", answers, told, [](const auto& object, EntryAnswer& entry) {
                   entry.kind = EntryAnswer::Kind::failed;
                   entry.code = shown_text(text_of(object, "Code"), kMaxMessageBytes);
                   entry.message = shown_text(text_of(object, "Message"), kMaxMessageBytes);
                   const auto* fault = object.if_contains("SenderFault");
                   entry.sender_fault = fault != nullptr && fault->is_bool() && fault->get_bool();
               });
    if (!readable) return std::nullopt;
    return answers;
}

void settle_answers(std::span<const EntryAnswer> answers, const SendBatch& batch, std::string_view queue,
                    std::span<Verdict> verdicts) {
    for (auto index : batch.sent) verdicts[index] = verdict_of_entry(answers[index], queue);
}

void settle_all(const Verdict& verdict, const SendBatch& batch, std::span<Verdict> verdicts) {
    for (auto index : batch.sent) verdicts[index] = verdict;
}

Verdict verdict_of_refusal(const auth::AwsReply& reply, std::string_view queue) {
    auto code = code_of(reply);
    auto meaning = meaning_of(code, reply.error.message, reply.status, Told::of_request, false);
    auto failure = std::make_shared<const Failure>(failure_of_reply(reply, queue));
    if (meaning.for_good) return Verdict::rejected(std::move(failure));
    return Verdict::retry(std::move(failure), meaning.ambiguous);
}

Failure failure_of_reply(const auth::AwsReply& reply, std::string_view queue) {
    auto code = code_of(reply);
    auto meaning = meaning_of(code, reply.error.message, reply.status, Told::of_request, false);
    Failure failure;
    failure.error_class = meaning.error_class;
    failure.code = shown_text(today_s_code(code), kMaxMessageBytes);
    failure.message =
        reply.error.message.empty() ? "SQS answered with status " + std::to_string(reply.status) : reply.error.message;
    failure.target = queue;
    failure.hint = meaning.hint;
    return failure;
}

Verdict verdict_of_error(const auth::AwsCallError& error, const Endpoint& endpoint) {
    bool may_be_stored = !error.no_credentials && error.transport.maybe_sent;
    return Verdict::retry(std::make_shared<const Failure>(failure_of_error(error, endpoint)), may_be_stored);
}

Verdict verdict_of_nonsense(std::string_view queue) {
    Failure failure;
    failure.code = "unreadable_answer";
    failure.message = "the answer is not one of SQS's";
    failure.target = queue;
    failure.hint = "is there a proxy or another service between, or is endpoint wrong?";
    return Verdict::retry(std::make_shared<const Failure>(std::move(failure)), true);
}

std::size_t count_md5_mismatches(std::span<const EntryAnswer> answers, std::span<const Message> messages) {
    std::size_t mismatches = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const EntryAnswer& answer = answers[i];
        if (answer.kind != EntryAnswer::Kind::stored) continue;
        bool match = true;
        if (!answer.md5_of_body.empty()) {
            auto digest = md5(messages[i].body);
            match = same_hex(answer.md5_of_body, hex_lower(as_view(digest)));
        }
        if (match && !answer.md5_of_attributes.empty()) {
            match = same_hex(answer.md5_of_attributes, MessageAttributes(messages[i].event).md5_hex());
        }
        mismatches += !match;
    }
    return mismatches;
}

std::optional<QueueFacts> read_queue_attributes(std::string_view body) {
    boost::system::error_code not_json;
    auto parsed = boost::json::parse(boost::json::string_view(body.data(), body.size()), not_json);
    if (not_json || !parsed.is_object()) return std::nullopt;
    const auto* attributes = parsed.get_object().if_contains("Attributes");
    if (attributes == nullptr || !attributes->is_object()) return std::nullopt;
    QueueFacts facts;
    facts.arn = shown_text(text_of(attributes->get_object(), "QueueArn"), kMaxMessageBytes);
    auto size = text_of(attributes->get_object(), "MaximumMessageSize");
    std::from_chars(size.data(), size.data() + size.size(), facts.max_message_bytes);
    return facts;
}

}  // namespace sluice::sqs
