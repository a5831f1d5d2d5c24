#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "destinations/pubsub/answer.hpp"
#include "destinations/pubsub/messages.hpp"

/// What a service answers: details of an error, and the messages of the calls that are made.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice::pubsub;
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    auto details = read_error_details(bytes);
    SLUICE_ASSERT(details.reason.size() <= 63, "a reason is short");
    SLUICE_ASSERT(!details.retry_after || details.retry_after->count() >= 0, "nobody waits for the past");
    read_message_count(bytes);
    read_topic(bytes);
    read_topic_names(bytes);
    read_subscriptions(bytes);
    read_permissions(bytes);
    return 0;
}
