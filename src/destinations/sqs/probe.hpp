#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "auth/aws_client.hpp"
#include "destination/destination.hpp"
#include "destinations/sqs/config.hpp"
#include "destinations/sqs/response.hpp"

namespace sluice::sqs {

/// What the destination knows beside the answer.
struct ProbeFacts {
    const Config& config;
    std::string credentials_origin;          ///< where the credentials came from
    std::chrono::milliseconds clock_offset;  ///< what signatures had to be corrected by
    std::size_t md5_mismatches = 0;
};

// What the *test* call tells after the connection: `credentials`, `target`, `right to write`, each once, in this order.
// One of these is added to the report of probe_connection(). Pure.

/// The connection failed: nothing could be looked at.
void add_skipped(ProbeReport& report);
/// GetQueueAttributes was not answered, or there were no credentials to ask with.
void add_unanswered(ProbeReport& report, const auth::AwsCallError& error);
/// It was refused. AccessDenied is no failure: delivery does not need that right.
void add_refusal(ProbeReport& report, const auth::AwsReply& reply, const ProbeFacts& facts);
/// It was answered; `queue` is nothing when the answer could not be read.
void add_queue(ProbeReport& report, const std::optional<QueueFacts>& queue, const ProbeFacts& facts);
/// After them, a step of its own: a `deduplication_id` that gives several changes of an object the same id, of which
/// SQS then keeps one in five minutes and says nothing. Adds nothing for one that does not.
void add_deduplication(ProbeReport& report, const Config& config);

}  // namespace sluice::sqs
