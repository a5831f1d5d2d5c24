#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/aws/aws_error.hpp"

namespace sluice::sandbox {

/// A message as a sender gave it, read and checked as far as that goes without knowing the queue.
struct SqsMessage {
    std::string entry_id;  ///< within its batch
    std::string body;
    std::string attributes;      ///< MessageAttributes as JSON; empty when there are none
    std::string attributes_md5;  ///< hex; empty when there are none
    std::size_t size = 0;        ///< body + names, types and values of the attributes
    std::string group;
    std::string deduplication_id;
    std::optional<std::chrono::seconds> delay;
};

/// Reads SendMessage's input, or one entry of SendMessageBatch.
AwsResult<SqsMessage> read_sqs_message(const boost::json::object& input);

/// MD5 over the attributes in the order of their names, lengths and types included, as the service computes it.
AwsResult<std::string> md5_of_attributes(const boost::json::object& attributes);

/// `#x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD #x10000-#x10FFFF`, in UTF-8 known to be valid.
bool has_only_sqs_characters(std::string_view utf8) noexcept;
/// 1 to 128 letters, digits and ASCII punctuation: message groups and deduplication ids.
bool is_sqs_fifo_id(std::string_view text) noexcept;
/// 1 to 80 of `[A-Za-z0-9_-]`: ids in a batch.
bool is_sqs_entry_id(std::string_view text) noexcept;

AwsError sqs_error(std::string type, std::string message);
/// `InvalidParameterValue`.
AwsError invalid_value(std::string message);

}  // namespace sluice::sandbox
