#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "destination/destination.hpp"
#include "destinations/event_hubs/config.hpp"

namespace sluice::event_hubs {

// https://learn.microsoft.com/rest/api/eventhub/send-batch-events
constexpr std::string_view kBatchContentType = "application/vnd.microsoft.servicebus.json";
constexpr std::string_view kAtomContentType = "application/atom+xml;type=entry;charset=utf-8";
/// Of a partition key.
constexpr std::size_t kMaxPartitionKey = 128;

/// A partition key that Event Hubs can carry: the text itself, or its hex SHA-256 where it is longer than 128
/// characters.
std::string partition_key(std::string_view key);

/// The `BrokerProperties` header of a request whose events share a key: `{"PartitionKey":"…"}`, in ASCII.
std::string broker_properties(std::string_view key);

/// `[{"Body":"…","UserProperties":{…}},…]`: what travels beside a body is the same as over Kafka.
std::string batch_body(std::span<const Message> messages, const Config& config);

/// What one message adds to a batch's body.
std::size_t batch_bytes(const Message& message, const Config& config);

/// Consecutive messages that travel in one request: of one key (any, with `ordering: none`), up to `most_bytes` of
/// batch_bytes() (one message more than that goes alone). Offsets of their first messages, in order.
std::vector<std::size_t> request_starts(std::span<const Message> messages, const Config& config);

std::string send_target(std::string_view hub);
/// Of the hub itself: to look at it, and to create it.
std::string hub_target(std::string_view hub);
/// The Atom entry that creates a hub. Retention is left to the tier's default.
std::string creation_body(std::size_t partitions);

}  // namespace sluice::event_hubs
