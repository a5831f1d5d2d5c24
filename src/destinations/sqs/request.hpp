#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "destinations/sqs/config.hpp"

namespace sluice::sqs {

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
constexpr std::size_t kMaxEntries = 10;
/// One message, and all of a batch: bodies and attributes' names, types and values.
constexpr std::size_t kMaxBytes = 1 << 20;
/// What every queue takes. Queues made before August 2025 keep this as their maximum unless it was raised.
constexpr std::size_t kMaxMessageBytesSafe = 256 << 10;
/// Of MessageGroupId and MessageDeduplicationId: letters, digits and ASCII punctuation.
constexpr std::size_t kMaxIdCharacters = 128;

constexpr std::string_view kContentType = "application/x-amz-json-1.0";
constexpr std::string_view kSendTarget = "AmazonSQS.SendMessageBatch";
constexpr std::string_view kQueueAttributesTarget = "AmazonSQS.GetQueueAttributes";
/// Asks for the error's code of old beside the new one.
constexpr std::pair<std::string_view, std::string_view> kQueryMode = {"x-amzn-query-mode", "true"};

/// A group or deduplication id that SQS can carry: the text itself, or its hex SHA-256. The view is into `text` or
/// `scratch`.
std::string_view carriable_id(std::string_view text, std::string& scratch);

/// What SQS groups a message by and tells its repetitions by; empty: it has none.
struct MessageIds {
    std::string group;
    std::string deduplication;
};
/// Works them out; null, or why the message can never be sent. `out` is used again.
std::shared_ptr<const Failure> read_ids(const Config& config, const Message& message, MessageIds& out);

/// A message's bytes as SQS counts them.
std::size_t message_bytes(const Message& message);

/// The body of one SendMessageBatch request and what is in it. An entry's Id is its message's index.
struct SendBatch {
    std::string body;
    std::vector<std::uint32_t> sent;  ///< indexes of the messages in it, in order
    /// Messages that SQS can never take, each with the reason. They are not in the body.
    std::vector<std::pair<std::uint32_t, std::shared_ptr<const Failure>>> unsendable;
};
SendBatch build_send_batch(const Config& config, std::span<const Message> messages);

/// Asks for what the *test* call looks at.
std::string queue_attributes_body(const Config& config);

}  // namespace sluice::sqs
