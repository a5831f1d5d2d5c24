#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::sandbox {

/// The error codes that the stand-in gives of itself or that a fault may ask for by name (Apache Kafka, "Error Codes").
enum class KafkaError : std::int16_t {
    unknown_server_error = -1,
    none = 0,
    offset_out_of_range = 1,
    corrupt_message = 2,
    unknown_topic_or_partition = 3,
    leader_not_available = 5,
    not_leader_or_follower = 6,
    request_timed_out = 7,
    broker_not_available = 8,
    message_too_large = 10,
    network_exception = 13,
    invalid_topic_exception = 17,
    topic_authorization_failed = 29,
    cluster_authorization_failed = 31,
    unsupported_sasl_mechanism = 33,
    illegal_sasl_state = 34,
    unsupported_version = 35,
    topic_already_exists = 36,
    invalid_partitions = 37,
    invalid_request = 42,
    policy_violation = 44,
    out_of_order_sequence_number = 45,
    duplicate_sequence_number = 46,
    invalid_producer_epoch = 47,
    invalid_producer_id_mapping = 49,
    transactional_id_authorization_failed = 53,
    kafka_storage_error = 56,
    sasl_authentication_failed = 58,
    unknown_producer_id = 59,
    fetch_session_id_not_found = 70,
    unsupported_compression_type = 76,
    throttling_quota_exceeded = 89,
    invalid_record = 87,
};

/// `UNKNOWN_TOPIC_OR_PARTITION`
std::string_view to_string(KafkaError error) noexcept;
/// The names of all but `NONE`: what a fault may ask for.
std::vector<std::string_view> kafka_error_names();
/// By that name.
std::optional<KafkaError> parse_kafka_error(std::string_view name) noexcept;

}  // namespace sluice::sandbox
