#include "sandbox/event_hubs/kafka_answer.hpp"

#include "sandbox/event_hubs/kafka_request.hpp"

namespace sluice::sandbox {

void write_api_versions(KafkaWriter& out, std::int16_t version, KafkaError error) {
    auto all = kafka_versions();
    bool flexible = version >= 3;
    out.int16(static_cast<std::int16_t>(error));
    if (flexible)
        out.unsigned_varint(all.size() + 1);
    else
        out.array(all.size());
    for (const auto& versions : all) {
        out.int16(static_cast<std::int16_t>(versions.api));
        out.int16(versions.least_told);
        out.int16(versions.most);
        if (flexible) out.unsigned_varint(0);  // no tagged fields
    }
    if (version >= 1) out.int32(0);  // throttle time
    if (flexible) out.unsigned_varint(0);
}

}  // namespace sluice::sandbox
