#include "destinations/sqs/message_attributes.hpp"

#include <charconv>

#include "base/assert.hpp"
#include "base/encoding.hpp"

namespace sluice::sqs {
namespace {

constexpr char kStringValue = 1;
constexpr char kBinaryValue = 2;

void append_counted(std::string& out, std::string_view bytes) {
    auto size = static_cast<std::uint32_t>(bytes.size());
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
    out += bytes;
}

}  // namespace

bool is_carriable_text(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') return false;
        // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
        if (byte == 0xef && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0xbf &&
            static_cast<unsigned char>(text[i + 2]) >= 0xbe) {
            return false;
        }
    }
    return true;
}

MessageAttributes::MessageAttributes(const Event& event) {
    auto digits = std::to_chars(sequence_.data(), sequence_.data() + sequence_.size(), event.sequence());
    format_rfc3339_to(event.time(), time_.data());
    // SQS's checksum is over the names in order, so this is their order.
    add("event_type", to_string(event->event_type));
    add("id", event->id);
    add("obj_type", to_string(event->object_type));
    add("recType", event->rec_type);
    add("sluice-sequence", {sequence_.data(), static_cast<std::size_t>(digits.ptr - sequence_.data())});
    add("sluice-time", {time_.data(), time_.size()});
    add("source", event->source);
}

void MessageAttributes::add(std::string_view name, std::string_view value) {
    if (value.empty() || !is_carriable_text(value)) return;
    SLUICE_ASSERT(count_ < kMost, "there is room for every attribute");
    attributes_[count_++] = {name, value};
}

std::size_t MessageAttributes::byte_size() const noexcept {
    std::size_t bytes = 0;
    for (const auto& attribute : all()) bytes += attribute.name.size() + kType.size() + attribute.value.size();
    return bytes;
}

std::string MessageAttributes::md5_hex() const {
    std::array<TypedAttribute, kMost> typed;
    for (std::size_t i = 0; i < count_; ++i) typed[i] = {attributes_[i].name, kType, attributes_[i].value};
    return attributes_md5_hex(std::span(typed).first(count_));
}

std::string attributes_md5_hex(std::span<const TypedAttribute> attributes) {
    std::string input;
    for (const auto& attribute : attributes) {
        append_counted(input, attribute.name);
        append_counted(input, attribute.data_type);
        input += attribute.data_type.starts_with("Binary") ? kBinaryValue : kStringValue;
        append_counted(input, attribute.value);
    }
    auto digest = md5(input);
    return hex_lower(as_view(digest));
}

}  // namespace sluice::sqs
