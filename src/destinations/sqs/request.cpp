#include "destinations/sqs/request.hpp"

#include <fmt/format.h>

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

/// Replaces `text` by its hash where SQS cannot carry it.
void make_carriable(std::string& text) {
    std::string hash;
    if (carriable_id(text, hash).data() != text.data()) text = std::move(hash);
}

/// The value of a member's template in `out`; null when it has one for this event.
std::shared_ptr<const Failure> read_template(const Config& config, const TextTemplate& source, std::string_view member,
                                             const Event& event, std::string& out) {
    auto has_value = source.evaluate_to(event, out);
    if (has_value) return nullptr;
    return unsendable(config, fmt::format("no_{}", member), fmt::format("{}: {}", member, has_value.error().message),
                      "give the template a fallback, such as |id");
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
        if (auto reason = read_ids(config_, message, ids_)) return reason;
        append_id(R"(,"MessageGroupId":)", ids_.group);
        append_id(R"(,"MessageDeduplicationId":)", ids_.deduplication);
        out += '}';
        return nullptr;
    }

    void append_id(std::string_view name, std::string_view id) {
        if (id.empty()) return;
        batch_.body += name;
        json::append_quoted(batch_.body, id);
    }

    const Config& config_;
    SendBatch& batch_;
    MessageIds ids_;
};

}  // namespace

std::shared_ptr<const Failure> read_ids(const Config& config, const Message& message, MessageIds& out) {
    out.group.clear();
    out.deduplication.clear();
    if (config.message_group_id) {
        auto missing = read_template(config, *config.message_group_id, "message_group_id", message.event, out.group);
        if (missing) return missing;
    } else if (config.queue.fifo) {
        out.group = message.key.empty() ? message.event->id : message.key;
    }
    if (config.message_group_id || config.queue.fifo) make_carriable(out.group);
    if (!config.queue.fifo) return nullptr;
    std::string& id = out.deduplication;
    if (config.deduplication_id) {
        auto missing = read_template(config, *config.deduplication_id, "deduplication_id", message.event, id);
        if (missing) return missing;
    } else {
        id = message.event->id;
        id += ':';
        append_number(id, message.event.sequence());
    }
    // Within five minutes of the first delivery the queue would take the event for a repetition of it.
    if (!message.replay.empty()) id.append(":").append(message.replay);
    make_carriable(id);
    return nullptr;
}

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
