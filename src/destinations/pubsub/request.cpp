#include "destinations/pubsub/request.hpp"

#include <array>
#include <numeric>
#include <unordered_map>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "event/metadata.hpp"

namespace sluice::pubsub {
namespace {

// Field numbers of google/pubsub/v1/pubsub.proto, each of wire type 2 (length-delimited).
constexpr unsigned char tag(unsigned field) {
    return static_cast<unsigned char>(field << 3 | 2);
}
constexpr unsigned char kRequestTopic = tag(1);
constexpr unsigned char kRequestMessages = tag(2);
constexpr unsigned char kMessageData = tag(1);
constexpr unsigned char kMessageAttributes = tag(2);
constexpr unsigned char kMessageOrderingKey = tag(5);
constexpr unsigned char kEntryKey = tag(1);
constexpr unsigned char kEntryValue = tag(2);

constexpr std::string_view kContentType = "content-type";

constexpr std::size_t varint_bytes(std::size_t value) {
    std::size_t bytes = 1;
    while (value >= 0x80) {
        value >>= 7;
        ++bytes;
    }
    return bytes;
}

/// Tag, length and content.
constexpr std::size_t field_bytes(std::size_t content) {
    return 1 + varint_bytes(content) + content;
}

constexpr std::size_t entry_bytes(std::string_view name, std::string_view value) {
    return field_bytes(name.size()) + field_bytes(value.size());
}

void put_head(std::string& out, unsigned char field, std::size_t content) {
    out += static_cast<char>(field);
    while (content >= 0x80) {
        out += static_cast<char>((content & 0x7f) | 0x80);
        content >>= 7;
    }
    out += static_cast<char>(content);
}

void put(std::string& out, unsigned char field, std::string_view content) {
    put_head(out, field, content.size());
    out += content;
}

std::size_t content_bytes(const PlainMessage& message) {
    // Empty fields are not written; a map's entries always have both parts.
    std::size_t bytes = message.data.empty() ? 0 : field_bytes(message.data.size());
    for (const auto& [name, value] : message.attributes) bytes += field_bytes(entry_bytes(name, value));
    if (!message.ordering_key.empty()) bytes += field_bytes(message.ordering_key.size());
    return bytes;
}

/// A message with its attributes. One whose value Pub/Sub cannot carry is left out: the body has it too.
class WrittenMessage {
  public:
    WrittenMessage(const MessageForm& form, const Message& message) : metadata_(message.event) {
        if (!form.content_type.empty()) attributes_[count_++] = {kContentType, form.content_type};
        for (const auto& [name, value] : metadata_.fields()) {
            if (value.size() <= kMaxAttributeBytes) attributes_[count_++] = {name, value};
        }
        plain_.data = message.body;
        plain_.attributes = {attributes_.data(), count_};
        if (form.ordering_keys) plain_.ordering_key = carriable_key(message.key, key_);
    }
    WrittenMessage(const WrittenMessage&) = delete;
    WrittenMessage& operator=(const WrittenMessage&) = delete;
    const PlainMessage& plain() const noexcept { return plain_; }

  private:
    EventMetadata metadata_;
    std::array<PlainMessage::Attribute, EventMetadata::kFields + 1> attributes_;
    std::size_t count_ = 0;
    std::string key_;
    PlainMessage plain_;
};

}  // namespace

std::string_view carriable_key(std::string_view text, std::string& scratch) {
    if (text.size() <= kMaxOrderingKeyBytes) return text;
    scratch = hex_lower(as_view(sha256(text)));
    return scratch;
}

std::size_t plain_message_bytes(const PlainMessage& message) {
    return field_bytes(content_bytes(message));
}

void append_plain_message(std::string& out, const PlainMessage& message) {
    put_head(out, kRequestMessages, content_bytes(message));
    if (!message.data.empty()) put(out, kMessageData, message.data);
    for (const auto& [name, value] : message.attributes) {
        put_head(out, kMessageAttributes, entry_bytes(name, value));
        put(out, kEntryKey, name);
        put(out, kEntryValue, value);
    }
    if (!message.ordering_key.empty()) put(out, kMessageOrderingKey, message.ordering_key);
}

std::size_t topic_bytes(std::string_view topic_path) {
    return field_bytes(topic_path.size());
}

void append_topic(std::string& out, std::string_view topic_path) {
    put(out, kRequestTopic, topic_path);
}

SentBeside sent_beside(const MessageForm& form, const Message& message) {
    const WrittenMessage written(form, message);
    SentBeside sent;
    for (const auto& [name, value] : written.plain().attributes)
        sent.metadata.push_back({std::string(name), std::string(value)});
    if (auto key = written.plain().ordering_key; !key.empty())
        sent.addressing.push_back({"orderingKey", std::string(key)});
    return sent;
}

std::size_t message_bytes(const MessageForm& form, const Message& message) {
    const WrittenMessage written(form, message);
    return plain_message_bytes(written.plain());
}

std::vector<Group> group_by_key(const MessageForm& form, std::span<const Message> messages) {
    std::vector<Group> groups;
    if (!form.ordering_keys) {
        groups.emplace_back().messages.resize(messages.size());
        std::iota(groups[0].messages.begin(), groups[0].messages.end(), 0);
        return groups;
    }
    std::unordered_map<std::string_view, std::size_t> by_key;
    by_key.reserve(messages.size());
    for (std::uint32_t i = 0; i < messages.size(); ++i) {
        auto [found, fresh] = by_key.emplace(messages[i].key, groups.size());
        if (fresh) groups.emplace_back();
        groups[found->second].messages.push_back(i);
    }
    return groups;
}

std::string publish_request(std::string_view topic_path, const MessageForm& form, std::span<const Message> messages,
                            const Group& group) {
    std::string out;
    std::size_t total = topic_bytes(topic_path);
    for (auto index : group.messages) total += message_bytes(form, messages[index]);
    out.reserve(total);
    append_topic(out, topic_path);
    for (auto index : group.messages) append_plain_message(out, WrittenMessage(form, messages[index]).plain());
    SLUICE_ASSERT(out.size() == total, "a request has the size it was counted with");
    return out;
}

}  // namespace sluice::pubsub
