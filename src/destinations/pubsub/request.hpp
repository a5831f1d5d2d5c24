#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "destination/destination.hpp"

namespace sluice::pubsub {

// https://cloud.google.com/pubsub/quotas#resource_limits
constexpr std::size_t kMaxMessages = 1000;
/// Of the serialized request.
constexpr std::size_t kMaxRequestBytes = 10'000'000;
constexpr std::size_t kMaxOrderingKeyBytes = 1024;
constexpr std::size_t kMaxAttributeBytes = 1024;

/// An ordering key that Pub/Sub can carry: the text itself, or its hex SHA-256. The view is into `text` or `scratch`.
std::string_view carriable_key(std::string_view text, std::string& scratch);

/// One google.pubsub.v1.PubsubMessage.
struct PlainMessage {
    struct Attribute {
        std::string_view name;
        std::string_view value;
    };
    std::string_view data;
    std::span<const Attribute> attributes;
    std::string_view ordering_key;
};
/// Its bytes in a serialized request, tag and length included, and those bytes as protobuf writes them.
std::size_t plain_message_bytes(const PlainMessage& message);
void append_plain_message(std::string& out, const PlainMessage& message);
/// What a request has beside its messages, which come after it.
std::size_t topic_bytes(std::string_view topic_path);
void append_topic(std::string& out, std::string_view topic_path);

/// How messages are written: what beside body and metadata goes into each.
struct MessageForm {
    bool ordering_keys = true;
    std::string_view content_type;  ///< as the attribute `content-type`; empty: none
};

/// A message's attributes and ordering key, for Destination::beside().
SentBeside sent_beside(const MessageForm& form, const Message& message);

/// A message's bytes in a serialized request, its tag and length included.
std::size_t message_bytes(const MessageForm& form, const Message& message);

/// The messages of one Publish request, by their index: all of one ordering key, in the order given. Without ordering
/// keys there is one group for all.
struct Group {
    std::vector<std::uint32_t> messages;
};
std::vector<Group> group_by_key(const MessageForm& form, std::span<const Message> messages);

/// One google.pubsub.v1.PublishRequest, serialized as protobuf does it. Written by hand because it is all that this
/// connector sends in bulk: no copy of a body but the one into the request, no map of attributes.
std::string publish_request(std::string_view topic_path, const MessageForm& form, std::span<const Message> messages,
                            const Group& group);

}  // namespace sluice::pubsub
