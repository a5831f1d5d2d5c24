#include "sandbox/pubsub/message_out.hpp"

#include "json/find.hpp"

namespace sluice::sandbox {

void fill(google::pubsub::v1::ReceivedMessage& message, const Topics::Delivery& delivery) {
    const auto& item = delivery.item;
    message.set_ack_id(delivery.ack_id);
    auto& out = *message.mutable_message();
    auto body = item.body.view();
    out.set_data(body.data(), body.size());
    if (!item.attributes.empty()) {
        auto& attributes = *out.mutable_attributes();
        json::for_each_member(item.attributes, [&](std::string_view name, std::string_view value) {
            attributes[json::unescape(name)] = json::unescape(value);
            return true;
        });
    }
    out.set_message_id(item.id);
    out.set_ordering_key(item.key);
    out.mutable_publish_time()->set_seconds(item.time_us / 1'000'000);
    out.mutable_publish_time()->set_nanos(static_cast<int>(item.time_us % 1'000'000) * 1000);
}

}  // namespace sluice::sandbox
