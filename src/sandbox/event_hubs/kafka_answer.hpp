#pragma once

#include <cstdint>
#include <string>

#include "sandbox/event_hubs/kafka_error.hpp"
#include "sandbox/event_hubs/kafka_wire.hpp"

namespace sluice::sandbox {

/// A response being written: its size goes in front at the end.
struct KafkaAnswer {
    explicit KafkaAnswer(std::int32_t correlation_id) {
        out.int32(0);
        out.int32(correlation_id);
    }
    void error(KafkaError error) { out.int16(static_cast<std::int16_t>(error)); }
    std::string finish() {
        out.patch_int32(0, static_cast<std::int32_t>(out.size() - 4));
        return out.take();
    }

    KafkaWriter out;
};

/// The body of ApiVersions.
void write_api_versions(KafkaWriter& out, std::int16_t version, KafkaError error);

}  // namespace sluice::sandbox
