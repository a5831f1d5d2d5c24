#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "event/metadata.hpp"

namespace sluice::sqs {

/// True when every character is one that SQS carries: U+0009, U+000A, U+000D, U+0020–U+D7FF, U+E000–U+FFFD and beyond.
/// `text` is UTF-8.
bool is_carriable_text(std::string_view text) noexcept;

/// An event's metadata (event/metadata.hpp), each a String, in the order of their names. A value that SQS cannot carry
/// (empty, or with characters outside its set) is left out: the body has it too. The views are into the event and into
/// this object.
class MessageAttributes {
  public:
    static constexpr std::string_view kType = "String";
    struct Attribute {
        std::string_view name;
        std::string_view value;
    };

    explicit MessageAttributes(const Event& event);
    MessageAttributes(const MessageAttributes&) = delete;
    MessageAttributes& operator=(const MessageAttributes&) = delete;

    std::span<const Attribute> all() const noexcept { return {attributes_.data(), count_}; }
    /// As SQS counts them: names, types and values.
    std::size_t byte_size() const noexcept;
    /// What SQS answers as MD5OfMessageAttributes.
    std::string md5_hex() const;

  private:
    static constexpr std::size_t kMost = EventMetadata::kFields;

    void add(std::string_view name, std::string_view value);

    EventMetadata metadata_;
    std::array<Attribute, kMost> attributes_;
    std::size_t count_ = 0;
};

/// An attribute of any type, for the checksum.
struct TypedAttribute {
    std::string_view name;
    std::string_view data_type;  ///< `String`, `Number.float`, `Binary`…: the label counts
    std::string_view value;      ///< raw bytes
};
/// The MD5 that SQS computes over a message's attributes, which are given in the order of their names.
std::string attributes_md5_hex(std::span<const TypedAttribute> attributes);

}  // namespace sluice::sqs
