#include "sandbox/event_hubs/kafka_faults.hpp"

#include <algorithm>
#include <utility>

namespace sluice::sandbox {
namespace {

/// What a throttled client is told to wait.
constexpr std::chrono::milliseconds kThrottleTime{1000};
constexpr int kServiceUnavailable = 503;

KafkaFailure failure_of(FaultAction action, int status) {
    switch (action) {
        case FaultAction::throttle:
        case FaultAction::throttle_request:
            return {KafkaError::policy_violation,
                    "The request was terminated because the namespace is being throttled.", true};
        case FaultAction::missing_target:
            return {KafkaError::unknown_topic_or_partition, "There is no such event hub.", false};
        case FaultAction::access_denied:
            return {KafkaError::topic_authorization_failed, "The claim is missing that this operation needs.", false};
        default:
            break;
    }
    if (status == kServiceUnavailable)
        return {KafkaError::request_timed_out, "The request timed out within the service.", false};
    return {KafkaError::unknown_server_error, "The server encountered an internal error.", false};
}

KafkaFailure with_rule(KafkaFailure failure, const std::string& code, const std::string& message) {
    if (auto named = parse_kafka_error(code)) failure.error = *named;
    if (!message.empty()) failure.message = message;
    return failure;
}

}  // namespace

std::vector<FaultWords> kafka_fault_words() {
    using namespace kafka_operation;
    FaultWords requests{
        "event_hubs", {kProduce, kCreateTopics, kMetadata, kInitProducerId, kListOffsets, kFetch}, {kProduce}};
    requests.codes = kafka_error_names();
    FaultWords authentication{"event_hubs", {kSaslAuthenticate}};
    authentication.codes.emplace();  // any error there says that the credentials are wrong
    return {std::move(requests), std::move(authentication)};
}

KafkaFailure to_kafka_failure(const RequestFaults& faults) {
    return with_rule(failure_of(*faults.refusal, faults.status), faults.code, faults.message);
}

KafkaFailure to_kafka_failure(const RecordFault& fault) {
    return with_rule(failure_of(fault.action, 500), fault.code, fault.message);
}

std::int32_t KafkaFaults::throttle_time_ms() const {
    return static_cast<std::int32_t>((throttled ? std::max(kThrottleTime, delay) : delay).count());
}

KafkaFaults draw_kafka_faults(FaultInjector& faults, std::string_view operation,
                              const std::vector<std::string_view>& topics) {
    KafkaFaults drawn;
    drawn.failures.resize(topics.size());
    for (std::size_t i = 0; i < std::max<std::size_t>(topics.size(), 1); i++) {
        auto one = faults.on_request({"event_hubs", operation, topics.empty() ? std::string_view() : topics[i]});
        drawn.delay += one.delay;
        drawn.skew += one.skew;
        if (one.ending) drawn.ending = one.ending;
        if (!one.refusal) continue;
        if (one.refusal == FaultAction::hang || one.refusal == FaultAction::reset_before) {
            if (!drawn.instead) drawn.instead = one.refusal;
            continue;
        }
        if (one.refusal == FaultAction::expired_token) {
            // A broker closes the connection of a session that has ended; a client then authenticates anew.
            if (!drawn.instead) drawn.instead = FaultAction::reset_before;
            continue;
        }
        auto failure = to_kafka_failure(one);
        drawn.throttled = drawn.throttled || failure.throttled;
        if (topics.empty())
            drawn.failures.emplace_back(std::move(failure));
        else
            drawn.failures[i] = std::move(failure);
    }
    return drawn;
}

}  // namespace sluice::sandbox
