#include "sandbox/event_hubs/kafka_error.hpp"

#include <array>
#include <utility>

namespace sluice::sandbox {
namespace {

constexpr std::array<std::pair<KafkaError, std::string_view>, 33> kNames{{
    {KafkaError::unknown_server_error, "UNKNOWN_SERVER_ERROR"},
    {KafkaError::none, "NONE"},
    {KafkaError::offset_out_of_range, "OFFSET_OUT_OF_RANGE"},
    {KafkaError::corrupt_message, "CORRUPT_MESSAGE"},
    {KafkaError::unknown_topic_or_partition, "UNKNOWN_TOPIC_OR_PARTITION"},
    {KafkaError::leader_not_available, "LEADER_NOT_AVAILABLE"},
    {KafkaError::not_leader_or_follower, "NOT_LEADER_OR_FOLLOWER"},
    {KafkaError::request_timed_out, "REQUEST_TIMED_OUT"},
    {KafkaError::broker_not_available, "BROKER_NOT_AVAILABLE"},
    {KafkaError::message_too_large, "MESSAGE_TOO_LARGE"},
    {KafkaError::network_exception, "NETWORK_EXCEPTION"},
    {KafkaError::invalid_topic_exception, "INVALID_TOPIC_EXCEPTION"},
    {KafkaError::topic_authorization_failed, "TOPIC_AUTHORIZATION_FAILED"},
    {KafkaError::cluster_authorization_failed, "CLUSTER_AUTHORIZATION_FAILED"},
    {KafkaError::unsupported_sasl_mechanism, "UNSUPPORTED_SASL_MECHANISM"},
    {KafkaError::illegal_sasl_state, "ILLEGAL_SASL_STATE"},
    {KafkaError::unsupported_version, "UNSUPPORTED_VERSION"},
    {KafkaError::topic_already_exists, "TOPIC_ALREADY_EXISTS"},
    {KafkaError::invalid_partitions, "INVALID_PARTITIONS"},
    {KafkaError::invalid_request, "INVALID_REQUEST"},
    {KafkaError::policy_violation, "POLICY_VIOLATION"},
    {KafkaError::out_of_order_sequence_number, "OUT_OF_ORDER_SEQUENCE_NUMBER"},
    {KafkaError::duplicate_sequence_number, "DUPLICATE_SEQUENCE_NUMBER"},
    {KafkaError::invalid_producer_epoch, "INVALID_PRODUCER_EPOCH"},
    {KafkaError::invalid_producer_id_mapping, "INVALID_PRODUCER_ID_MAPPING"},
    {KafkaError::transactional_id_authorization_failed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"},
    {KafkaError::kafka_storage_error, "KAFKA_STORAGE_ERROR"},
    {KafkaError::sasl_authentication_failed, "SASL_AUTHENTICATION_FAILED"},
    {KafkaError::unknown_producer_id, "UNKNOWN_PRODUCER_ID"},
    {KafkaError::fetch_session_id_not_found, "FETCH_SESSION_ID_NOT_FOUND"},
    {KafkaError::unsupported_compression_type, "UNSUPPORTED_COMPRESSION_TYPE"},
    {KafkaError::throttling_quota_exceeded, "THROTTLING_QUOTA_EXCEEDED"},
    {KafkaError::invalid_record, "INVALID_RECORD"},
}};

}  // namespace

std::string_view to_string(KafkaError error) noexcept {
    for (const auto& [value, name] : kNames) {
        if (value == error) return name;
    }
    return "UNKNOWN_SERVER_ERROR";
}

std::vector<std::string_view> kafka_error_names() {
    std::vector<std::string_view> names;
    for (const auto& [value, name] : kNames) {
        if (value != KafkaError::none) names.push_back(name);
    }
    return names;
}

std::optional<KafkaError> parse_kafka_error(std::string_view name) noexcept {
    for (const auto& [value, known] : kNames) {
        if (known == name) return value;
    }
    return std::nullopt;
}

}  // namespace sluice::sandbox
