#include "destinations/kinesis/destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "destination/connection_probe.hpp"
#include "destinations/kinesis/probe.hpp"

namespace sluice::kinesis {
namespace {

constexpr std::chrono::seconds kDescribeLimit{3};

auth::AwsClient::Options client_options(const Config& config, std::size_t max_connections) {
    return {"kinesis", config.region, config.endpoint, config.connect, max_connections};
}

auth::AwsCall call_of(std::string_view target, std::string_view body) {
    auth::AwsCall call;
    call.content_type = kContentType;
    call.target = target;
    call.body = body;
    return call;
}

Verdict unsendable(const Error& error) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::rejected;
    failure->code = "no_partition_key";
    failure->message = "partition_key: " + error.message;
    failure->hint = "Give the template a fallback: {a|id}.";
    return Verdict::rejected(std::move(failure));
}

Verdict too_late() {
    auto failure = std::make_shared<Failure>();
    failure->code = "timeout";
    failure->message = "the time to deliver was over before anything was sent";
    return Verdict::retry(std::move(failure));
}

}  // namespace

KinesisDestination::KinesisDestination(boost::asio::io_context& io, const Clock& clock, Config config,
                                       std::unique_ptr<auth::AwsCredentialsProvider> credentials,
                                       std::size_t max_connections, bool keyed)
    : io_(io),
      config_(std::move(config)),
      keyed_(keyed),
      max_connections_(max_connections),
      client_(io, clock, client_options(config_, max_connections), std::move(credentials)),
      builder_(config_) {}

KinesisDestination::~KinesisDestination() = default;

Limits KinesisDestination::limits() const {
    Limits limits;
    limits.max_events = kMaxRecords;
    limits.max_bytes = record_limit_ > kMaxRecordBytes ? kMaxRequestBytesOfLargeRecords : kMaxRequestBytes;
    limits.max_message_bytes_safe = record_limit_;
    limits.max_message_bytes_absolute = kMaxRecordBytesAbsolute;
    limits.max_concurrent = max_connections_;
    limits.one_target_per_batch = true;
    limits.fixed_target = config_.stream.is_literal();
    if (config_.aggregation == Aggregation::kpl && keyed_) {
        limits.same_key = SameKeyInBatch::atomic_run;
        limits.max_run_bytes = kMaxAggregatedBytes;
    }
    return limits;
}

Result<void> KinesisDestination::target_of(const Event& event, std::string& out) const {
    if (has_one_stream()) {
        out += config_.stream.source();
        return {};
    }
    auto start = out.size();
    if (auto evaluated = config_.stream.evaluate_to(event, out); !evaluated) return evaluated;
    if (is_valid_stream_name(std::string_view(out).substr(start))) return {};
    out.resize(start);
    return make_error(Errc::invalid_argument,
                      fmt::format("stream: {} gives a name that no stream can have", config_.stream.source()),
                      "Names have letters, digits, `_`, `.` and `-`, at most 128.");
}

std::size_t KinesisDestination::size_of(const Message& message) const {
    auto overhead = config_.aggregation == Aggregation::kpl ? kKplOverheadPerEvent : 0;
    std::string scratch;
    auto key = partition_key_of(config_, message, scratch);
    return message.body.size() + (key ? key->size() : 0) + overhead;
}

Result<SentBeside> KinesisDestination::beside(const Message& message) const {
    SentBeside sent;
    std::string scratch;
    auto key = partition_key_of(config_, message, scratch);
    if (!key) return key.error();
    sent.addressing.push_back({"PartitionKey", std::string(*key)});
    return sent;
}

boost::asio::awaitable<std::vector<Verdict>> KinesisDestination::deliver(std::span<const Message> messages,
                                                                         Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    if (deadline.passed()) co_return std::vector<Verdict>(messages.size(), too_late());

    auto request = builder_.build(messages);
    std::vector<Verdict> verdicts(messages.size());
    for (const auto& [index, error] : request.unsendable) verdicts[index] = unsendable(error);
    if (request.records.empty()) co_return verdicts;

    const std::string target(messages.front().target);
    bool is_large = messages.size() == 1 && size_of(messages.front()) > record_limit_;
    if (is_large) co_await learn_record_limit(target, deadline);

    auto call = call_of(kPutRecordsTarget, request.body);
    auto reply = co_await client_.call(std::move(call), deadline);
    std::vector<Verdict> of_records;
    if (!reply) {
        of_records.assign(request.records.size(), verdict_of_call_error(reply.error(), config_.endpoint));
    } else if (!reply->ok()) {
        of_records.assign(request.records.size(), verdict_of_error(reply->error, target, config_.region));
    } else {
        of_records = response_.read(reply->body, request.records.size(), target, config_.region);
    }
    for (std::size_t i = 0; i < request.records.size(); ++i) {
        auto [first, count] = request.records[i];
        std::fill_n(verdicts.begin() + first, count, of_records[i]);
    }
    co_return verdicts;
}

/// Asked when an event is larger than what every stream takes, once: whether this stream takes it. The right to ask may
/// be missing, and then the service decides.
boost::asio::awaitable<void> KinesisDestination::learn_record_limit(std::string stream, Deadline deadline) {
    if (asked_for_record_limit_ || !has_one_stream()) co_return;
    asked_for_record_limit_ = true;
    auto body = describe_body(config_, stream);
    auto call = call_of(kDescribeTarget, body);
    auto reply = co_await client_.call(std::move(call), deadline.earlier(kDescribeLimit));
    if (!reply || !reply->ok()) co_return;
    if (auto summary = read_stream_summary(reply->body)) note_summary(*summary);
}

void KinesisDestination::note_summary(const StreamSummary& summary) {
    asked_for_record_limit_ = true;
    if (!summary.max_record_kib) return;
    record_limit_ = std::clamp<std::size_t>(*summary.max_record_kib << 10, kMaxRecordBytes, kMaxRecordBytesAbsolute);
}

boost::asio::awaitable<ProbeReport> KinesisDestination::probe(Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    ProbeReport report;
    bool is_connected = co_await probe_connection(io_, config_.endpoint, config_.connect, deadline, report);
    if (!is_connected) {
        add_skipped(report);
        co_return report;
    }
    // With a template there is no stream to describe, and any call that needs credentials shows whether they are good.
    auto body = has_one_stream() ? describe_body(config_, config_.stream.source()) : std::string(R"({"Limit":1})");
    auto call = call_of(has_one_stream() ? kDescribeTarget : kListStreamsTarget, body);
    auto reply = co_await client_.call(std::move(call), deadline);
    auto origin = client_.credentials().describe();
    if (!reply) {
        add_unanswered(report, reply.error());
    } else if (!reply->ok()) {
        add_refusal(report, reply->error, config_, origin);
    } else {
        auto summary = read_stream_summary(reply->body);
        if (summary) note_summary(*summary);
        add_summary(report, summary, config_, origin, client_.skew().offset());
    }
    co_return report;
}

boost::asio::awaitable<void> KinesisDestination::close() {
    client_.close();
    co_return;
}

}  // namespace sluice::kinesis
