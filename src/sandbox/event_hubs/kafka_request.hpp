#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sandbox/event_hubs/kafka_wire.hpp"

namespace sluice::sandbox {

/// The requests that the stand-in answers, by their number on the wire (Apache Kafka, "Api Keys").
enum class KafkaApi : std::int16_t {
    produce = 0,
    fetch = 1,
    list_offsets = 2,
    metadata = 3,
    sasl_handshake = 17,
    api_versions = 18,
    create_topics = 19,
    init_producer_id = 22,
    sasl_authenticate = 36,
};

struct KafkaVersions {
    KafkaApi api;
    std::int16_t least;
    std::int16_t most;
    std::int16_t least_told;  ///< in ApiVersions
};
/// In rising order of their numbers, which librdkafka relies on. All but ApiVersions 3 are of the older, inflexible
/// encoding, which every client speaks. Produce is told from 0 although only 3 and later are taken: librdkafka before
/// 2.8 otherwise believes that the broker cannot do gzip.
std::span<const KafkaVersions> kafka_versions() noexcept;
bool is_supported(KafkaApi api, std::int16_t version) noexcept;

struct KafkaRequestHead {
    std::int16_t api = 0;
    std::int16_t version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string_view> client_id;
};

struct ProduceRequest {
    struct Partition {
        std::int32_t index = 0;
        std::string_view records;
    };
    struct Topic {
        std::string_view name;
        std::vector<Partition> partitions;
    };
    std::optional<std::string_view> transactional_id;
    std::int16_t acks = -1;
    std::vector<Topic> topics;
};

struct FetchRequest {
    struct Partition {
        std::int32_t index = 0;
        std::int64_t offset = 0;
        std::int32_t max_bytes = 0;
    };
    struct Topic {
        std::string_view name;
        std::vector<Partition> partitions;
    };
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = 0;
    std::int32_t session_id = 0;
    std::int32_t session_epoch = -1;
    std::vector<Topic> topics;
};

struct ListOffsetsRequest {
    static constexpr std::int64_t kLatest = -1;
    static constexpr std::int64_t kEarliest = -2;
    struct Partition {
        std::int32_t index = 0;
        std::int64_t timestamp = kLatest;
    };
    struct Topic {
        std::string_view name;
        std::vector<Partition> partitions;
    };
    std::vector<Topic> topics;
};

struct MetadataRequest {
    bool all = false;
    std::vector<std::string_view> topics;
};

struct CreateTopicsRequest {
    struct Topic {
        std::string_view name;
        std::int32_t partitions = -1;
        bool assigned = false;  ///< says which replicas are to be where
    };
    std::vector<Topic> topics;
    bool validate_only = false;
};

/// What follows the size of a frame. nullopt for what is no such request: the connection is then closed, as brokers do.
/// Views are into the frame. `version` must be supported.
std::optional<KafkaRequestHead> read_request_head(KafkaReader& frame);
std::optional<ProduceRequest> read_produce(KafkaReader& frame, std::int16_t version);
std::optional<FetchRequest> read_fetch(KafkaReader& frame, std::int16_t version);
std::optional<ListOffsetsRequest> read_list_offsets(KafkaReader& frame, std::int16_t version);
std::optional<MetadataRequest> read_metadata(KafkaReader& frame, std::int16_t version);
std::optional<CreateTopicsRequest> read_create_topics(KafkaReader& frame, std::int16_t version);
/// The transactional id, which may be null.
std::optional<std::optional<std::string_view>> read_init_producer_id(KafkaReader& frame);
/// The mechanism.
std::optional<std::string_view> read_sasl_handshake(KafkaReader& frame);
std::optional<std::string_view> read_sasl_authenticate(KafkaReader& frame);
bool read_api_versions(KafkaReader& frame, std::int16_t version);

}  // namespace sluice::sandbox
