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

}  // namespace

std::string signature(const Secret& key, std::string_view id, std::string_view timestamp, std::string_view body) {
    std::string content;
    content.reserve(id.size() + timestamp.size() + body.size() + 2);
    content.append(id).append(".").append(timestamp).append(".").append(body);
    return "v1," + base64_encode(as_view(hmac_sha256(key.reveal(), content)));
}

http::ClientRequest build_request(const WebhookConfig& config, std::string_view integration_id, const Message& message,
                                  Timestamp now) {
    const Event& event = message.event;
    http::ClientRequest request;
    request.method = "POST";
    request.target = config.target;
    request.body.push_back(message.body);
    request.max_response_bytes = 256 << 10;
    auto& headers = request.headers;
    headers.add("Host", config.host_header);
    headers.add("Content-Type", config.content_type);
    auto id = std::string(integration_id) + "-" + to_string(event.position());
    headers.add("webhook-id", id);
    auto timestamp = std::to_string(to_epoch_ms(now) / 1000);
    headers.add("webhook-timestamp", timestamp);
    if (!config.signing_key.empty())
        headers.add("webhook-signature", signature(config.signing_key, id, timestamp, message.body));
    const EventMetadata metadata(event);
    for (const auto& field : metadata.fields()) headers.add(std::string(field.name), header_value(field.value));
    for (const auto& [name, value] : config.headers) headers.add(name, value);
    return request;
}

}  // namespace sluice::webhook
