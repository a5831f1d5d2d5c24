#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/aws_client.hpp"
#include "destination/destination.hpp"
#include "destinations/sqs/request.hpp"

namespace sluice::sqs {

/// What SQS said of one entry.
struct EntryAnswer {
    enum class Kind { missing, stored, failed };
    Kind kind = Kind::missing;
    std::string md5_of_body;  ///< of a stored one; empty when not told
    std::string md5_of_attributes;
    std::string code;  ///< of a failed one
    std::string message;
    bool sender_fault = false;
};

/// Reads the body of a SendMessageBatch answer of 200: one entry for each message index below `count`, whatever the
/// order it was told in. An Id told twice in different ways counts as missing, an unknown one is passed over. nullopt
/// when it is no such answer.
std::optional<std::vector<EntryAnswer>> read_send_batch_answer(std::string_view body, std::size_t count);

/// The verdicts for the messages that were sent, by what SQS said of each; those of others are left as they are.
void settle_answers(std::span<const EntryAnswer> answers, const SendBatch& batch, std::string_view queue,
                    std::span<Verdict> verdicts);
/// One and the same verdict for all that were sent.
void settle_all(const Verdict& verdict, const SendBatch& batch, std::span<Verdict> verdicts);

/// For a request that was refused as a whole: when it is rejected, all its messages share one Failure
/// (destination/README.md).
Verdict verdict_of_refusal(const auth::AwsReply& reply, std::string_view queue);
/// For one that was not answered: ambiguous exactly when it may have arrived.
Verdict verdict_of_error(const auth::AwsCallError& error, const Endpoint& endpoint);
/// For an answer of 200 that is none: stored or not, nobody knows.
Verdict verdict_of_nonsense(std::string_view queue);

/// Why a request was refused as a whole, for people and for the lane.
Failure failure_of_reply(const auth::AwsReply& reply, std::string_view queue);

/// How many of the stored messages arrived as something else, by the checksums SQS answered with.
std::size_t count_md5_mismatches(std::span<const EntryAnswer> answers, std::span<const Message> messages);

/// What GetQueueAttributes answered.
struct QueueFacts {
    std::string arn;
    std::size_t max_message_bytes = 0;  ///< 0: not told
};
std::optional<QueueFacts> read_queue_attributes(std::string_view body);

}  // namespace sluice::sqs
