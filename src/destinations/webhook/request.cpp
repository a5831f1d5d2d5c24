#include "destinations/webhook/request.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "event/metadata.hpp"

namespace sluice::webhook {
namespace {

/// Header values are ASCII: what is not travels percent-encoded.
std::string header_value(std::string_view text) {
    bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    return plain ? std::string(text) : percent_encode(text);
}

std::string request_id(std::string_view integration_id, const Message& message) {
    const Event& event = message.event;
    std::string id(integration_id);
    id += '-';
    // A sample is not in the log: its own id tells it from the one before.
    bool is_sample = event.sequence() == 0;
    id += is_sample ? std::string(event->id) : to_string(event.position());
    // A receiver that remembers ids would take the event for a repetition of its first delivery.
    if (!message.replay.empty()) id.append(":").append(message.replay);
    return id;
}

}  // namespace

http::ClientRequest build_request(const WebhookConfig& config, std::string_view integration_id, const Message& message,
                                  Timestamp now) {
    const Event& event = message.event;
    http::ClientRequest request;
    request.method = "POST";
    request.target = config.target;
    request.body.push_back(message.body);
    request.max_response_bytes = 256 << 10;
    request.truncate_response = true;  // the status says what became of it
    auto& headers = request.headers;
    auto id = request_id(integration_id, message);
    add_webhook_headers(headers, config, config.content_type, id, message.body, now);
    const EventMetadata metadata(event);
    for (const auto& field : metadata.fields()) headers.add(std::string(field.name), header_value(field.value));
    for (const auto& [name, value] : config.headers) headers.add(name, value);
    return request;
}

SentBeside headers_beside(const WebhookConfig& config, std::string_view integration_id, const Message& message,
                          Timestamp now) {
    SentBeside sent;
    sent.addressing.push_back({"POST", config.url});
    const http::ClientRequest request = build_request(config, integration_id, message, now);
    const std::size_t own = request.headers.all().size() - config.headers.size();
    for (const auto& [name, value] : request.headers.all()) {
        bool is_given = sent.metadata.size() >= own;
        bool is_signature = name == "webhook-signature";
        sent.metadata.push_back({name, is_given ? "(as set)" : is_signature ? "v1,(made with the secret)" : value});
    }
    return sent;
}

}  // namespace sluice::webhook
