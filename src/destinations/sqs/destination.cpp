#include "destinations/sqs/destination.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "destination/connection_probe.hpp"
#include "destinations/sqs/message_attributes.hpp"
#include "destinations/sqs/probe.hpp"
#include "destinations/sqs/response.hpp"

namespace sluice::sqs {
namespace {

auth::AwsClient::Options client_options(const Config& config, std::size_t max_connections) {
    return {"sqs", config.region, config.endpoint, config.connect, max_connections};
}

auth::AwsCall call_of(std::string_view target, std::string_view body) {
    auth::AwsCall call;
    call.content_type = kContentType;
    call.target = target;
    call.body = body;
    call.headers.push_back(kQueryMode);
    return call;
}

Verdict too_late() {
    Failure failure;
    failure.code = "timeout";
    failure.message = "the time to deliver was over before anything was sent";
    return Verdict::retry(std::make_shared<const Failure>(std::move(failure)));
}

}  // namespace

SqsDestination::SqsDestination(boost::asio::io_context& io, const Clock& clock, Config config,
                               std::unique_ptr<auth::AwsCredentialsProvider> credentials, std::size_t max_connections)
    : io_(io),
      config_(std::move(config)),
      max_connections_(max_connections),
      client_(io, clock, client_options(config_, max_connections), std::move(credentials)) {}

Limits SqsDestination::limits() const {
    Limits limits;
    limits.max_events = kMaxEntries;
    limits.max_bytes = kMaxBytes;
    limits.max_message_bytes_safe = safe_bytes_;
    limits.max_message_bytes_absolute = kMaxBytes;
    limits.max_concurrent = max_connections_;
    // Entries fail one by one, and what stands behind a failed one in its group is in the queue already.
    limits.same_key = SameKeyInBatch::never;
    limits.fixed_target = true;
    return limits;
}

Result<void> SqsDestination::target_of(const Event&, std::string& out) const {
    out += config_.queue.name;
    return {};
}

std::size_t SqsDestination::size_of(const Message& message) const {
    return message_bytes(message);
}

Result<SentBeside> SqsDestination::beside(const Message& message) const {
    SentBeside sent;
    MessageIds ids;
    if (auto failure = read_ids(config_, message, ids))
        return make_error(Errc::invalid_argument, failure->message, failure->hint);
    const MessageAttributes attributes(message.event);
    for (const auto& each : attributes.all())
        sent.metadata.push_back({std::string(each.name), std::string(each.value)});
    if (!ids.group.empty()) sent.addressing.push_back({"MessageGroupId", std::move(ids.group)});
    if (!ids.deduplication.empty()) sent.addressing.push_back({"MessageDeduplicationId", std::move(ids.deduplication)});
    return sent;
}

boost::asio::awaitable<std::vector<Verdict>> SqsDestination::deliver(std::span<const Message> messages,
                                                                     Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    if (deadline.passed()) co_return std::vector<Verdict>(messages.size(), too_late());

    const SendBatch batch = build_send_batch(config_, messages);
    std::vector<Verdict> verdicts(messages.size());
    for (const auto& [index, reason] : batch.unsendable) verdicts[index] = Verdict::rejected(reason);
    if (batch.sent.empty()) co_return verdicts;

    auto call = call_of(kSendTarget, batch.body);
    auto reply = co_await client_.call(std::move(call), deadline);
    if (!reply) {
        settle_all(verdict_of_error(reply.error(), config_.endpoint), batch, verdicts);
    } else if (!reply->ok()) {
        settle_all(verdict_of_refusal(*reply, config_.queue.name), batch, verdicts);
    } else if (auto answers = read_send_batch_answer(reply->body, messages.size())) {
        settle_answers(*answers, batch, config_.queue.name, verdicts);
        if (config_.verify_md5) md5_mismatches_ += count_md5_mismatches(*answers, messages);
    } else {
        settle_all(verdict_of_nonsense(config_.queue.name), batch, verdicts);
    }
    co_return verdicts;
}

boost::asio::awaitable<ProbeReport> SqsDestination::probe(Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    ProbeReport report;
    bool is_connected = co_await probe_connection(io_, config_.endpoint, config_.connect, deadline, report);
    if (!is_connected) {
        add_skipped(report);
        co_return report;
    }
    const std::string body = queue_attributes_body(config_);
    auto call = call_of(kQueueAttributesTarget, body);
    auto reply = co_await client_.call(std::move(call), deadline);
    const ProbeFacts facts{config_, client_.credentials().describe(), client_.skew().offset(), md5_mismatches_};
    if (!reply) {
        add_unanswered(report, reply.error());
    } else if (!reply->ok()) {
        add_refusal(report, *reply, facts);
    } else {
        auto queue = read_queue_attributes(reply->body);
        if (queue && queue->max_message_bytes > 0) safe_bytes_ = std::min(queue->max_message_bytes, kMaxBytes);
        add_queue(report, queue, facts);
    }
    add_deduplication(report, config_);
    co_return report;
}

boost::asio::awaitable<void> SqsDestination::close() {
    client_.close();
    co_return;
}

}  // namespace sluice::sqs
