#include "sandbox/event_hubs/kafka_request.hpp"

#include <array>

namespace sluice::sandbox {
namespace {

constexpr std::array<KafkaVersions, 9> kVersions{{
    {KafkaApi::produce, 3, 7, 0},
    {KafkaApi::fetch, 4, 11, 4},
    {KafkaApi::list_offsets, 1, 5, 1},
    {KafkaApi::metadata, 0, 8, 0},
    {KafkaApi::sasl_handshake, 0, 1, 0},
    {KafkaApi::api_versions, 0, 3, 0},
    {KafkaApi::create_topics, 0, 4, 0},
    {KafkaApi::init_producer_id, 0, 1, 0},
    {KafkaApi::sasl_authenticate, 0, 1, 0},
}};

/// Reads the topics of a request, each with its partitions, whose least size in bytes is given.
template <class Topic, class ReadPartition>
void read_topics(KafkaReader& frame, std::vector<Topic>& topics, std::size_t least, ReadPartition read_partition) {
    auto count = frame.array(6);
    for (std::int32_t i = 0; i < count && frame.ok(); i++) {
        auto& topic = topics.emplace_back();
        topic.name = frame.string();
        auto partitions = frame.array(least);
        for (std::int32_t j = 0; j < partitions && frame.ok(); j++) read_partition(topic.partitions.emplace_back());
    }
}

void skip_int32_array(KafkaReader& frame) {
    auto count = frame.array(4);
    if (count > 0) frame.take(static_cast<std::size_t>(count) * 4);
}

template <class Request>
std::optional<Request> complete(const KafkaReader& frame, Request request) {
    if (!frame.at_end()) return std::nullopt;
    return request;
}

}  // namespace

std::span<const KafkaVersions> kafka_versions() noexcept {
    return kVersions;
}

bool is_supported(KafkaApi api, std::int16_t version) noexcept {
    for (const auto& versions : kVersions) {
        if (versions.api == api) return version >= versions.least && version <= versions.most;
    }
    return false;
}

std::optional<KafkaRequestHead> read_request_head(KafkaReader& frame) {
    KafkaRequestHead head;
    head.api = frame.int16();
    head.version = frame.int16();
    head.correlation_id = frame.int32();
    head.client_id = frame.nullable_string();
    if (head.api == static_cast<std::int16_t>(KafkaApi::api_versions) && head.version >= 3) frame.tagged_fields();
    if (!frame.ok()) return std::nullopt;
    return head;
}

std::optional<ProduceRequest> read_produce(KafkaReader& frame, std::int16_t) {
    ProduceRequest request;
    request.transactional_id = frame.nullable_string();
    request.acks = frame.int16();
    frame.int32();  // timeout: nothing here takes time
    read_topics(frame, request.topics, 8, [&](ProduceRequest::Partition& partition) {
        partition.index = frame.int32();
        partition.records = frame.nullable_bytes().value_or(std::string_view());
    });
    return complete(frame, std::move(request));
}

std::optional<FetchRequest> read_fetch(KafkaReader& frame, std::int16_t version) {
    FetchRequest request;
    frame.int32();  // replica id
    request.max_wait_ms = frame.int32();
    request.min_bytes = frame.int32();
    request.max_bytes = frame.int32();
    frame.int8();  // isolation: there are no transactions
    if (version >= 7) {
        request.session_id = frame.int32();
        request.session_epoch = frame.int32();
    }
    read_topics(frame, request.topics, 16, [&](FetchRequest::Partition& partition) {
        partition.index = frame.int32();
        if (version >= 9) frame.int32();  // leader epoch
        partition.offset = frame.int64();
        if (version >= 5) frame.int64();  // a follower's log start
        partition.max_bytes = frame.int32();
    });
    if (version >= 7) {
        auto forgotten = frame.array(6);
        for (std::int32_t i = 0; i < forgotten && frame.ok(); i++) {
            frame.string();
            skip_int32_array(frame);
        }
    }
    if (version >= 11) frame.string();  // rack
    return complete(frame, std::move(request));
}

std::optional<ListOffsetsRequest> read_list_offsets(KafkaReader& frame, std::int16_t version) {
    ListOffsetsRequest request;
    frame.int32();                   // replica id
    if (version >= 2) frame.int8();  // isolation
    read_topics(frame, request.topics, 12, [&](ListOffsetsRequest::Partition& partition) {
        partition.index = frame.int32();
        if (version >= 4) frame.int32();  // leader epoch
        partition.timestamp = frame.int64();
    });
    return complete(frame, std::move(request));
}

std::optional<MetadataRequest> read_metadata(KafkaReader& frame, std::int16_t version) {
    MetadataRequest request;
    auto count = frame.array(2);
    request.all = version == 0 ? count <= 0 : count == -1;
    for (std::int32_t i = 0; i < count && frame.ok(); i++) request.topics.push_back(frame.string());
    if (version >= 4) frame.boolean();  // whether to create: never, here
    if (version >= 8) {
        frame.boolean();  // authorised operations: not told
        frame.boolean();
    }
    return complete(frame, std::move(request));
}

std::optional<CreateTopicsRequest> read_create_topics(KafkaReader& frame, std::int16_t version) {
    CreateTopicsRequest request;
    auto count = frame.array(16);
    for (std::int32_t i = 0; i < count && frame.ok(); i++) {
        auto& topic = request.topics.emplace_back();
        topic.name = frame.string();
        topic.partitions = frame.int32();
        frame.int16();  // replication: the service's own affair
        auto assignments = frame.array(8);
        topic.assigned = assignments > 0;
        for (std::int32_t j = 0; j < assignments && frame.ok(); j++) {
            frame.int32();
            skip_int32_array(frame);
        }
        auto settings = frame.array(4);
        for (std::int32_t j = 0; j < settings && frame.ok(); j++) {
            frame.string();
            frame.nullable_string();
        }
    }
    frame.int32();  // timeout
    if (version >= 1) request.validate_only = frame.boolean();
    return complete(frame, std::move(request));
}

std::optional<std::optional<std::string_view>> read_init_producer_id(KafkaReader& frame) {
    auto transactional_id = frame.nullable_string();
    frame.int32();  // timeout of a transaction
    return complete(frame, transactional_id);
}

std::optional<std::string_view> read_sasl_handshake(KafkaReader& frame) {
    auto mechanism = frame.string();
    return complete(frame, mechanism);
}

std::optional<std::string_view> read_sasl_authenticate(KafkaReader& frame) {
    auto bytes = frame.bytes();
    return complete(frame, bytes);
}

bool read_api_versions(KafkaReader& frame, std::int16_t version) {
    if (version >= 3) {
        frame.compact_string();  // the client's name and version
        frame.compact_string();
        frame.tagged_fields();
    }
    return frame.at_end();
}

}  // namespace sluice::sandbox
