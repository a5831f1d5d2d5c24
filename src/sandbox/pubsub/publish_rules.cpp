#include "sandbox/pubsub/publish_rules.hpp"

#include <fmt/format.h>

namespace sluice::sandbox {
namespace {

RpcError invalid(std::string message) {
    return {RpcCode::invalid_argument, std::move(message), {}};
}

RpcError too_long(std::string_view what, std::size_t length, std::size_t most) {
    return invalid(
        fmt::format("One of the attributes in the request has a {} that is too long. The length is {} characters, but "
                    "the maximum allowed is {}. Refer to https://cloud.google.com/pubsub/quotas for more information.",
                    what, length, most));
}

RpcError too_many(std::string_view what, std::size_t count, std::size_t most) {
    return invalid(
        fmt::format("The value for {} is too large. You passed {} in the request, but the maximum value is {}.", what,
                    count, most));
}

std::optional<RpcError> refuse_message(const PublishMessage& message, const PublishLimits& limits) {
    if (message.data.empty() && message.attributes.empty())
        return invalid(
            "One or more messages in the publish request is empty. Each message must contain either non-empty data, "
            "or at least one attribute.");
    if (message.attributes.size() > limits.attributes)
        return too_many("attributes_count", message.attributes.size(), limits.attributes);
    for (const auto& [key, value] : message.attributes) {
        if (key.empty()) return invalid("One of the attributes in the request has an empty key.");
        if (key.starts_with("goog"))
            return invalid(fmt::format("Attribute keys must not begin with \"goog\" (key={}).", key));
        if (key.size() > limits.attribute_key_bytes) return too_long("key", key.size(), limits.attribute_key_bytes);
        if (value.size() > limits.attribute_value_bytes)
            return too_long("value", value.size(), limits.attribute_value_bytes);
    }
    if (message.ordering_key.size() > limits.ordering_key_bytes)
        return invalid(fmt::format(
            "The ordering key in the request is too long. The length is {} bytes, but the maximum allowed is {}.",
            message.ordering_key.size(), limits.ordering_key_bytes));
    return std::nullopt;
}

}  // namespace

std::optional<RpcError> refuse_publish(std::span<const PublishMessage> messages, std::size_t request_bytes,
                                       const PublishLimits& limits) {
    if (request_bytes > limits.request_bytes)
        return invalid(fmt::format("Request payload size exceeds the limit: {} bytes.", limits.request_bytes));
    if (messages.empty())
        return invalid(
            "The value for message_count is too small. You passed 0 in the request, but the minimum value is 1.");
    if (messages.size() > limits.messages) return too_many("message_count", messages.size(), limits.messages);
    for (const auto& message : messages) {
        if (auto refusal = refuse_message(message, limits)) return refusal;
    }
    for (const auto& message : messages) {
        if (message.ordering_key != messages.front().ordering_key)
            return RpcError{RpcCode::failed_precondition,
                            "In a single publish request, all messages must have no ordering key or they must all "
                            "have the same ordering key.",
                            {}};
    }
    return std::nullopt;
}

}  // namespace sluice::sandbox
