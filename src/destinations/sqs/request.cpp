#include "destinations/sqs/request.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "destinations/sqs/message_attributes.hpp"
#include "json/find.hpp"

namespace sluice::sqs {
namespace {

/// Of an entry in JSON, beside its body: names, quotes, braces, attributes, ids.
constexpr std::size_t kJsonOverheadPerEntry = 1200;

std::shared_ptr<const Failure> unsendable(const Config& config, std::string code, std::string message,
                                          std::string hint) {
    Failure failure;
    failure.error_class = ErrorClass::rejected;
    failure.code = std::move(code);
    failure.message = std::move(message);
    failure.target = config.queue.name;
    failure.hint = std::move(hint);
    return std::make_shared<const Failure>(std::move(failure));
}

void append_number(std::string& out, std::uint64_t number) {
    std::array<char, 20> digits;
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void append_attributes(std::string& out, const Event& event) {
    MessageAttributes attributes(event);
    out += R"(,"MessageAttributes":{)";
    bool first = true;
    for (const auto& attribute : attributes.all()) {
        if (!first) out += ',';
        first = false;
        json::append_quoted(out, attribute.name);
        out += R"(:{"DataType":"String","StringValue":)";
        json::append_quoted(out, attribute.value);
        out += '}';
    }
    out += '}';
}

/// Writes the entries of one request, one after the other.
class EntryWriter {
  public:
    EntryWriter(const Config& config, SendBatch& batch) : config_(config), batch_(batch) {}

    void add(std::uint32_t index, const Message& message) {
        const std::size_t start = batch_.body.size();
        if (auto reason = append(index, message)) {
            batch_.body.resize(start);
            batch_.unsendable.emplace_back(index, std::move(reason));
            return;
        }
        batch_.sent.push_back(index);
    }

  private:
    /// Null when the entry was written; else the body's end holds a part of it.
    std::shared_ptr<const Failure> append(std::uint32_t index, const Message& message) {
        if (message.body.empty()) {
            return unsendable(config_, "empty_body", "the message has no body, and SQS takes none that is empty",
                              "choose another payload");
        }
        if (!is_carriable_text(message.body)) {
            return unsendable(config_, "invalid_characters", "the body contains characters that SQS does not carry",
                              "U+FFFE, U+FFFF and control characters must be escaped by whoever writes the object");
        }
        std::string& out = batch_.body;
        if (!batch_.sent.empty()) out += ',';
        out += R"({"Id":")";
        append_number(out, index);
        out += R"(","MessageBody":)";
        json::append_quoted(out, message.body);
        append_attributes(out, message.event);
        if (auto reason = append_group(message)) return reason;
        if (auto reason = append_deduplication_id(message)) return reason;
        out += '}';
        return nullptr;
    }

    std::shared_ptr<const Failure> append_group(const Message& message) {
        if (!config_.queue.fifo && !config_.message_group_id) return nullptr;
        std::string_view group = message.key.empty() ? message.event->id : message.key;
        if (config_.message_group_id) {
            text_.clear();
            if (auto has_value = config_.message_group_id->evaluate_to(message.event, text_); !has_value) {
                return unsendable(config_, "no_message_group_id", "message_group_id: " + has_value.error().message,
                                  "give the template a fallback, such as |id");
            }
            group = text_;
        }
        append_id(R"(,"MessageGroupId":)", group);
        return nullptr;
    }

    std::shared_ptr<const Failure> append_deduplication_id(const Message& message) {
        if (!config_.queue.fifo) return nullptr;
        text_.clear();
        if (config_.deduplication_id) {
            if (auto has_value = config_.deduplication_id->evaluate_to(message.event, text_); !has_value) {
                return unsendable(config_, "no_deduplication_id", "deduplication_id: " + has_value.error().message,
                                  "give the template a fallback, such as |id");
            }
        } else {
            text_ += message.event->id;
            text_ += ':';
            append_number(text_, message.event.sequence());
        }
        // Within five minutes of the first delivery the queue would take the event for a repetition of it.
        if (!message.replay.empty()) {
            text_ += ':';
            text_ += message.replay;
        }
        append_id(R"(,"MessageDeduplicationId":)", text_);
        return nullptr;
    }

    void append_id(std::string_view name, std::string_view text) {
        batch_.body += name;
        json::append_quoted(batch_.body, carriable_id(text, hash_));
    }

    const Config& config_;
    SendBatch& batch_;
    std::string text_;
    std::string hash_;
};

}  // namespace

std::string_view carriable_id(std::string_view text, std::string& scratch) {
    bool fits = !text.empty() && text.size() <= kMaxIdCharacters &&
                std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (fits) return text;
    auto digest = sha256(text);
    scratch = hex_lower(as_view(digest));
    return scratch;
}

std::size_t message_bytes(const Message& message) {
    return message.body.size() + MessageAttributes(message.event).byte_size();
}

SendBatch build_send_batch(const Config& config, std::span<const Message> messages) {
    SendBatch batch;
    std::size_t bytes = config.queue.text.size();
    // A body is JSON, so its quotes are escaped once more.
    for (const auto& message : messages) bytes += message.body.size() + message.body.size() / 4 + kJsonOverheadPerEntry;
    batch.body.reserve(bytes);
    batch.sent.reserve(messages.size());
    batch.body += R"({"QueueUrl":)";
    json::append_quoted(batch.body, config.queue.text);
    batch.body += R"(,"Entries":[)";
    EntryWriter entries(config, batch);
    for (std::size_t i = 0; i < messages.size(); ++i) entries.add(static_cast<std::uint32_t>(i), messages[i]);
    batch.body += "]}";
    return batch;
}

std::string queue_attributes_body(const Config& config) {
    std::string body = R"({"QueueUrl":)";
    json::append_quoted(body, config.queue.text);
    body += R"(,"AttributeNames":["QueueArn","MaximumMessageSize"]})";
    return body;
}

}  // namespace sluice::sqs
