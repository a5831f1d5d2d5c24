#include "destinations/event_hubs/error_table.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"

namespace sluice::event_hubs {
namespace {

constexpr std::string_view kKeyHint =
    "Copy the connection string again from the namespace's (or the hub's) shared access policies in the Azure portal; "
    "was the key regenerated?";
constexpr std::string_view kRightHint =
    "The policy needs the Send right on this hub. A hub's own connection string is good for that hub only; one of the "
    "namespace's policies is good for all.";
constexpr std::string_view kMissingHint =
    "Create the event hub in the namespace, or use a namespace policy with Manage and create_hubs: true.";
constexpr std::string_view kSizeHint = "The hub's tier does not take events of this size: see max_message_bytes.";
constexpr std::string_view kThrottleHint =
    "The namespace's throughput units are used up; it is sent later. Raise them, or turn on auto-inflate.";
constexpr std::string_view kFormatHint =
    "The namespace's tier does not take events in this form: set compression: none (gzip needs Premium or "
    "Dedicated) and idempotence: false. The events wait.";
constexpr std::string_view kClockHint = "The hub does not take the time of sending: is this machine's clock right?";
constexpr std::string_view kRejectHint = "Event Hubs will never take this event as it is.";
constexpr std::string_view kOwnHint = "tried again by itself";
constexpr std::string_view kEndpointHint =
    "That does not answer like Event Hubs: check the connection string's Endpoint, and endpoint or proxy if given.";

struct Row {
    rd_kafka_resp_err_t error;
    Meaning meaning;
};

constexpr Meaning kTransient{ErrorClass::transient, false, false, false, kOwnHint};
constexpr Meaning kTransientMaybeStored{ErrorClass::transient, false, true, false, kOwnHint};
constexpr Meaning kPartitionBusy{ErrorClass::transient, false, false, true, kOwnHint};
constexpr Meaning kMissing{ErrorClass::missing_target, false, false, true, kMissingHint};
constexpr Meaning kFormat{ErrorClass::missing_target, false, false, true, kFormatHint};
constexpr Meaning kNoRight{ErrorClass::credentials, false, false, true, kRightHint};
constexpr Meaning kBadKey{ErrorClass::credentials, false, false, false, kKeyHint};
constexpr Meaning kThrottled{ErrorClass::throttled, false, false, false, kThrottleHint};
constexpr Meaning kTooLarge{ErrorClass::too_large, true, false, true, kSizeHint};
constexpr Meaning kNotTheService{ErrorClass::transient, false, false, false, kEndpointHint};
constexpr Meaning kRejected{ErrorClass::rejected, true, false, true, kRejectHint};

// https://learn.microsoft.com/azure/event-hubs/apache-kafka-troubleshooting-guide, and Kafka's protocol guide for the
// codes. librdkafka's own come first.
constexpr std::array kRows{
    Row{RD_KAFKA_RESP_ERR__TRANSPORT, kTransient},
    Row{RD_KAFKA_RESP_ERR__RESOLVE, kTransient},
    Row{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, kTransient},
    Row{RD_KAFKA_RESP_ERR__SSL, kTransient},
    Row{RD_KAFKA_RESP_ERR__TIMED_OUT, kTransient},
    Row{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, kTransient},
    Row{RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, kTransient},
    Row{RD_KAFKA_RESP_ERR__QUEUE_FULL, kTransient},
    Row{RD_KAFKA_RESP_ERR__PURGE_QUEUE, kTransient},
    Row{RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, kTransientMaybeStored},
    Row{RD_KAFKA_RESP_ERR__FATAL, kTransientMaybeStored},
    Row{RD_KAFKA_RESP_ERR__DESTROY, kTransientMaybeStored},
    Row{RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, kTransientMaybeStored},
    Row{RD_KAFKA_RESP_ERR__AUTHENTICATION, kBadKey},
    Row{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, kMissing},
    Row{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, kMissing},

    Row{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, kBadKey},
    Row{RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, kBadKey},
    Row{RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, kBadKey},
    Row{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, kNoRight},
    Row{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, kNoRight},
    Row{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, kMissing},
    Row{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, kMissing},
    Row{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, kThrottled},
    Row{RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, kThrottled},
    Row{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, kTooLarge},
    Row{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, kTooLarge},
    Row{RD_KAFKA_RESP_ERR_INVALID_RECORD, kRejected},
    // The next three are about how every event is sent, not about one. Event Hubs tells the second of compression, too.
    Row{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, {ErrorClass::transient, false, false, true, kClockHint}},
    Row{RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, kFormat},
    Row{RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, kFormat},
    Row{RD_KAFKA_RESP_ERR_INVALID_MSG, kPartitionBusy},
    Row{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, kPartitionBusy},
    Row{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, kPartitionBusy},
    Row{RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, kPartitionBusy},
    Row{RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, kPartitionBusy},
    Row{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, kPartitionBusy},
    Row{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, {ErrorClass::transient, false, true, true, kOwnHint}},
    Row{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, {ErrorClass::transient, false, true, true, kOwnHint}},
    Row{RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, {ErrorClass::transient, false, true, true, kOwnHint}},
    Row{RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, kTransientMaybeStored},
    Row{RD_KAFKA_RESP_ERR_UNKNOWN, kTransientMaybeStored},
};

/// What nobody has seen yet: it is tried again, and it may have been stored.
constexpr Meaning kUnknown = kTransientMaybeStored;

}  // namespace

Meaning meaning_of(rd_kafka_resp_err_t error) noexcept {
    const auto* row =
        std::find_if(kRows.begin(), kRows.end(), [error](const Row& each) { return each.error == error; });
    return row == kRows.end() ? kUnknown : row->meaning;
}

// https://learn.microsoft.com/rest/api/eventhub/send-event ("Response codes").
Meaning meaning_of_status(int status, std::string_view code, Answerer from, bool lacks_right) noexcept {
    switch (status) {
        case 400:
            return from == Answerer::service ? kRejected : kNotTheService;
        case 401:
            return lacks_right ? kNoRight : kBadKey;
        case 403:
            // The service says so of a quota, too.
            return code.find("Quota") != std::string_view::npos ? kThrottled : kNoRight;
        case 404:
        case 410:
            return kMissing;
        case 413:
            return from == Answerer::service ? kTooLarge : kNotTheService;
        case 429:
        case 503:
            return kThrottled;
        default:
            return status >= 400 && status < 500 && status != 408 ? kTransient : kTransientMaybeStored;
    }
}

std::string code_of(rd_kafka_resp_err_t error) {
    std::string_view name = rd_kafka_err2name(error);
    if (name.starts_with('_')) name.remove_prefix(1);
    return std::string(name);
}

Failure failure_of(rd_kafka_resp_err_t error, std::string_view hub, std::string_view detail) {
    const Meaning meaning = meaning_of(error);
    Failure failure;
    failure.error_class = meaning.error_class;
    failure.code = code_of(error);
    failure.message = rd_kafka_err2str(error);
    if (!detail.empty()) failure.message.append(" (").append(shown_text(detail, kMostTold)).append(")");
    if (meaning.of_target) failure.target = hub;
    failure.hint = meaning.hint;
    return failure;
}

}  // namespace sluice::event_hubs
