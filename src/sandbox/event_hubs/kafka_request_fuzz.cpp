#include <cstdint>

#include "base/assert.hpp"
#include "sandbox/event_hubs/kafka_request.hpp"

namespace {

using namespace sluice::sandbox;

template <class Topics>
std::size_t bytes_of_names(const Topics& topics) {
    std::size_t bytes = 0;
    for (const auto& topic : topics) bytes += topic.name.size();
    return bytes;
}

}  // namespace

/// A frame, as it comes from a connection.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    KafkaReader frame(bytes);
    auto head = read_request_head(frame);
    if (!head) return 0;
    auto version = head->version;
    auto api = static_cast<KafkaApi>(head->api);
    if (!is_supported(api, version)) return 0;
    std::size_t names = 0;
    switch (api) {
        case KafkaApi::produce:
            if (auto request = read_produce(frame, version)) names = bytes_of_names(request->topics);
            break;
        case KafkaApi::fetch:
            if (auto request = read_fetch(frame, version)) names = bytes_of_names(request->topics);
            break;
        case KafkaApi::list_offsets:
            if (auto request = read_list_offsets(frame, version)) names = bytes_of_names(request->topics);
            break;
        case KafkaApi::metadata:
            if (auto request = read_metadata(frame, version)) {
                for (auto name : request->topics) names += name.size();
            }
            break;
        case KafkaApi::create_topics:
            if (auto request = read_create_topics(frame, version)) names = bytes_of_names(request->topics);
            break;
        case KafkaApi::init_producer_id:
            read_init_producer_id(frame);
            break;
        case KafkaApi::sasl_handshake:
            read_sasl_handshake(frame);
            break;
        case KafkaApi::sasl_authenticate:
            read_sasl_authenticate(frame);
            break;
        case KafkaApi::api_versions:
            read_api_versions(frame, version);
            break;
    }
    SLUICE_ASSERT(names <= size, "names are parts of the frame");
    return 0;
}
