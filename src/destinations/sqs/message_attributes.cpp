#include "destinations/sqs/message_attributes.hpp"

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

MessageAttributes::MessageAttributes(const Event& event) : metadata_(event) {
    // SQS's checksum is over the names in order, which is the metadata's order.
    for (const auto& field : metadata_.fields()) add(field.name, field.value);
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
