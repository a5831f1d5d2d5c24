#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/fault_injector.hpp"
#include "sandbox/event_hubs/kafka_error.hpp"

namespace sluice::sandbox {

/// Operations as fault rules name them.
namespace kafka_operation {
inline constexpr std::string_view kProduce = "Produce";
inline constexpr std::string_view kCreateTopics = "CreateTopics";
inline constexpr std::string_view kMetadata = "Metadata";
inline constexpr std::string_view kInitProducerId = "InitProducerId";
inline constexpr std::string_view kListOffsets = "ListOffsets";
inline constexpr std::string_view kFetch = "Fetch";
inline constexpr std::string_view kSaslAuthenticate = "SaslAuthenticate";
}  // namespace kafka_operation

std::vector<FaultWords> kafka_fault_words();

/// How a fault looks over Kafka.
struct KafkaFailure {
    KafkaError error = KafkaError::none;
    std::string message;
    bool throttled = false;
};

/// A refusal in Kafka's terms (the table in docs/sandbox.md); `code` of the rule, when it names a Kafka error, goes
/// before. One that does not is another service's, of a rule for all of them.
KafkaFailure to_kafka_failure(const RequestFaults& faults);
KafkaFailure to_kafka_failure(const RecordFault& fault);

/// The faults of one request: drawn once for each topic that it names, or once when it names none. A refusal befalls
/// its topic; everything else the request.
struct KafkaFaults {
    std::chrono::milliseconds delay{0};
    std::chrono::seconds skew{0};
    /// In place of working on the request: none, hang or reset_before.
    std::optional<FaultAction> instead;
    /// After it was worked on, in place of the answer: none, hang_after or reset_after.
    std::optional<FaultAction> ending;
    bool throttled = false;
    std::vector<std::optional<KafkaFailure>> failures;  ///< by topic

    /// What the client is told of having been slowed down.
    std::int32_t throttle_time_ms() const;
};

/// `topics`: may be empty.
KafkaFaults draw_kafka_faults(FaultInjector& faults, std::string_view operation,
                              const std::vector<std::string_view>& topics);

}  // namespace sluice::sandbox
