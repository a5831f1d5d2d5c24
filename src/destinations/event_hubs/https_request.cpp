#include "destinations/event_hubs/https_request.hpp"

#include <fmt/format.h>

#include <array>

#include "base/encoding.hpp"
#include "destinations/event_hubs/event_properties.hpp"
#include "json/find.hpp"

namespace sluice::event_hubs {
namespace {

constexpr std::string_view kApiVersion = "?timeout=60&api-version=2014-01";
constexpr std::string_view kBodyStart = R"({"Body":)";
constexpr std::string_view kPropertiesStart = R"(,"UserProperties":{)";

/// Bytes of a character within a JSON string: itself, `\n`, or `\u001f`.
constexpr std::array<unsigned char, 256> kEscapedSize = [] {
    std::array<unsigned char, 256> sizes{};
    for (auto& size : sizes) size = 1;
    for (std::size_t i = 0; i < 0x20; ++i) sizes[i] = 6;
    for (unsigned char c : {'\b', '\f', '\n', '\r', '\t', '"', '\\'}) sizes[c] = 2;
    return sizes;
}();

std::size_t escaped_size(std::string_view text) {
    std::size_t size = 0;
    for (unsigned char c : text) size += kEscapedSize[c];
    return size;
}

void append_message(std::string& out, const Message& message, const Config& config) {
    out += kBodyStart;
    json::append_quoted(out, message.body);
    out += kPropertiesStart;
    const EventMetadata metadata(message.event);
    bool first = true;
    for_each_property(metadata, config, [&](std::string_view name, std::string_view value) {
        out += first ? "\"" : ",\"";
        first = false;
        out += name;
        out += "\":";
        json::append_quoted(out, value);
    });
    out += "}}";
}

/// The code point that starts at `i`, which moves behind it. The text is UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& i) {
    auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) return lead;
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    char32_t code = lead & (0x3fu >> more);
    for (; more > 0 && i < text.size(); --more) code = code << 6 | (static_cast<unsigned char>(text[i++]) & 0x3fu);
    return code;
}

}  // namespace

std::string partition_key(std::string_view key) {
    std::size_t characters = 0;
    for (unsigned char c : key) characters += (c & 0xc0) != 0x80;
    return characters <= kMaxPartitionKey ? std::string(key) : hex_lower(as_view(sha256(key)));
}

std::string broker_properties(std::string_view key) {
    const std::string carried = partition_key(key);
    std::string out = R"({"PartitionKey":")";
    for (std::size_t i = 0; i < carried.size();) {
        auto code = next_code_point(carried, i);
        if (code < 0x80 && kEscapedSize[code] == 1 && code != 0x7f) {
            out += static_cast<char>(code);
        } else if (code < 0x10000) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(code));
        } else {
            auto rest = static_cast<unsigned>(code - 0x10000);
            fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10),
                           0xdc00 + (rest & 0x3ff));
        }
    }
    return out + "\"}";
}

std::string batch_body(std::span<const Message> messages, const Config& config) {
    std::size_t size = 2;
    for (const auto& message : messages) size += batch_bytes(message, config);
    std::string out;
    out.reserve(size);
    char before = '[';
    for (const auto& message : messages) {
        out += before;
        before = ',';
        append_message(out, message, config);
    }
    return out + "]";
}

std::size_t batch_bytes(const Message& message, const Config& config) {
    const EventMetadata metadata(message.event);
    // The quotes around the body, and the two braces that end it all.
    std::size_t size = kBodyStart.size() + 2 + escaped_size(message.body) + kPropertiesStart.size() + 2;
    for_each_property(metadata, config, [&size](std::string_view name, std::string_view value) {
        size += name.size() + escaped_size(value) + 6;
    });
    return size;
}

std::vector<std::size_t> request_starts(std::span<const Message> messages, const Config& config) {
    std::vector<std::size_t> starts;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        auto size = batch_bytes(messages[i], config);
        bool same_key = !config.keyed || (i > 0 && messages[i].key == messages[i - 1].key);
        bool joins = i > 0 && same_key && bytes + size <= config.max_message_bytes;
        if (!joins) {
            starts.push_back(i);
            bytes = 0;
        }
        bytes += size;
    }
    return starts;
}

std::string send_target(std::string_view hub) {
    return fmt::format("/{}/messages{}", hub, kApiVersion);
}

std::string hub_target(std::string_view hub) {
    return fmt::format("/{}{}", hub, kApiVersion);
}

std::string creation_body(std::size_t partitions) {
    return fmt::format(
        R"(<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">)"
        R"(<EventHubDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">)"
        R"(<PartitionCount>{}</PartitionCount></EventHubDescription></content></entry>)",
        partitions);
}

}  // namespace sluice::event_hubs
