#include "sandbox/aws/sqs_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>

#include "base/encoding.hpp"
#include "sandbox/aws/aws_input.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::size_t kMaxAttributes = 10;
constexpr std::size_t kMaxAttributeName = 256;
constexpr std::int64_t kMaxDelaySeconds = 900;

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::optional<std::string> wrong_with_attribute_name(std::string_view name) {
    auto lower = std::string(name.substr(0, 7));
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name.empty() || name.size() > kMaxAttributeName) return "must have from 1 to 256 characters";
    if (!std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) || c == '.'; }))
        return "can contain only alphanumeric characters, hyphens, underscores and periods";
    if (lower.starts_with("aws.") || lower.starts_with("amazon.")) return "must not start with AWS. or Amazon.";
    if (name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos)
        return "must not start or end with a period or have two in a row";
    return std::nullopt;
}

/// Type and value of one attribute; the value's bytes, decoded where they are binary.
struct Attribute {
    std::string type;
    std::string value;
    bool binary = false;
};

AwsResult<Attribute> read_attribute(std::string_view name, const boost::json::value& value) {
    const auto* object = value.if_object();
    auto type = object != nullptr ? text_member(*object, "DataType") : std::nullopt;
    if (!type || type->empty())
        return invalid_value(
            fmt::format("The message attribute '{}' must contain a non-empty message attribute type.", name));
    auto base = type->substr(0, type->find('.'));
    if ((base != "String" && base != "Number" && base != "Binary") || type->size() > kMaxAttributeName)
        return invalid_value(
            fmt::format("The message attribute '{}' has an invalid message attribute type, the set of supported type "
                        "prefixes is Binary, Number, and String.",
                        name));
    Attribute attribute{*type, {}, base == "Binary"};
    auto text = text_member(*object, attribute.binary ? "BinaryValue" : "StringValue");
    if (attribute.binary && text) text = base64_decode(*text);
    if (!text || text->empty())
        return invalid_value(fmt::format(
            "The message attribute '{}' must contain a non-empty message attribute value for message attribute "
            "type '{}'.",
            name, *type));
    if (!attribute.binary && !has_only_sqs_characters(*text))
        return sqs_error("InvalidMessageContents",
                         fmt::format("The message attribute '{}' contains invalid characters.", name));
    attribute.value = std::move(*text);
    return attribute;
}

void append_with_length(std::string& out, std::string_view text) {
    auto length = static_cast<std::uint32_t>(text.size());
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(length >> shift & 0xff);
    out += text;
}

AwsResult<std::map<std::string, Attribute>> read_attributes(const boost::json::object& attributes) {
    if (attributes.size() > kMaxAttributes)
        return invalid_value("Number of message attributes exceeds the allowed maximum [10].");
    std::map<std::string, Attribute> read;
    for (const auto& member : attributes) {
        std::string name(member.key());
        if (auto wrong = wrong_with_attribute_name(name))
            return invalid_value(fmt::format("The message attribute name '{}' is invalid: it {}.", name, *wrong));
        auto attribute = read_attribute(name, member.value());
        if (!attribute) return attribute.error();
        read.emplace(std::move(name), std::move(*attribute));
    }
    return read;
}

std::string md5_of(const std::map<std::string, Attribute>& attributes) {
    std::string bytes;
    for (const auto& [name, attribute] : attributes) {
        append_with_length(bytes, name);
        append_with_length(bytes, attribute.type);
        bytes += attribute.binary ? '\2' : '\1';
        append_with_length(bytes, attribute.value);
    }
    return hex_lower(as_view(md5(bytes)));
}

}  // namespace

AwsError sqs_error(std::string type, std::string message) {
    auto code = type == "QueueDoesNotExist" ? std::string("AWS.SimpleQueueService.NonExistentQueue")
                : type == "QueueNameExists" ? std::string("QueueAlreadyExists")
                : type == "InvalidParameterValue" || type == "MissingParameter" || type == "InvalidMessageContents"
                    ? type
                    : "AWS.SimpleQueueService." + type;
    return {400, std::move(type), std::move(message), std::move(code)};
}

AwsError invalid_value(std::string message) {
    return sqs_error("InvalidParameterValue", std::move(message));
}

bool has_only_sqs_characters(std::string_view utf8) noexcept {
    for (std::size_t i = 0; i < utf8.size(); i++) {
        auto c = static_cast<unsigned char>(utf8[i]);
        if (c < 0x20 && c != 0x9 && c != 0xa && c != 0xd) return false;
        // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
        if (c == 0xef && i + 2 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) == 0xbf &&
            static_cast<unsigned char>(utf8[i + 2]) >= 0xbe)
            return false;
    }
    return true;
}

bool is_sqs_fifo_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 128 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_sqs_entry_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 80 && std::all_of(text.begin(), text.end(), is_word);
}

AwsResult<std::string> md5_of_attributes(const boost::json::object& attributes) {
    auto read = read_attributes(attributes);
    if (!read) return read.error();
    return md5_of(*read);
}

AwsResult<SqsMessage> read_sqs_message(const boost::json::object& input) {
    SqsMessage message;
    message.entry_id = text_member(input, "Id").value_or("");
    auto body = text_member(input, "MessageBody");
    if (!body || body->empty())
        return sqs_error("MissingParameter", "The request must contain the parameter MessageBody.");
    if (!has_only_sqs_characters(*body))
        return sqs_error("InvalidMessageContents",
                         "Invalid binary character was found in the message body, the set of allowed characters is #x9 "
                         "| #xA | #xD | "
                         "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
    message.size = body->size();
    message.body = std::move(*body);
    if (const auto* attributes = object_member(input, "MessageAttributes");
        attributes != nullptr && !attributes->empty()) {
        auto read = read_attributes(*attributes);
        if (!read) return read.error();
        for (const auto& [name, attribute] : *read)
            message.size += name.size() + attribute.type.size() + attribute.value.size();
        message.attributes_md5 = md5_of(*read);
        message.attributes = boost::json::serialize(*attributes);
    }
    message.group = text_member(input, "MessageGroupId").value_or("");
    message.deduplication_id = text_member(input, "MessageDeduplicationId").value_or("");
    for (const auto& [name, value] :
         {std::pair("MessageGroupId", &message.group), {"MessageDeduplicationId", &message.deduplication_id}}) {
        if (!value->empty() && !is_sqs_fifo_id(*value))
            return invalid_value(fmt::format(
                "Value for parameter {} is invalid. Reason: {} can only include alphanumeric and punctuation "
                "characters. 1 to 128 in length.",
                name, name));
    }
    if (auto delay = integer_member(input, "DelaySeconds")) {
        if (*delay < 0 || *delay > kMaxDelaySeconds)
            return invalid_value(fmt::format(
                "Value {} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {}.", *delay,
                kMaxDelaySeconds));
        message.delay = std::chrono::seconds(*delay);
    }
    return message;
}

}  // namespace sluice::sandbox
