#include "destination/webhook_target.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "base/pasted_text.hpp"
#include "http/ascii.hpp"

namespace sluice {
namespace {

/// What every request has of Sluice itself, or what would change how a request is framed.
constexpr std::array<std::string_view, 9> kReservedHeaders{"host",       "content-length",    "content-type",
                                                           "connection", "transfer-encoding", "expect",
                                                           "webhook-id", "webhook-timestamp", "webhook-signature"};

bool is_token(std::string_view name) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kMarks.find(c) != std::string_view::npos;
    });
}

bool is_header_value(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

void read_url(SettingsReader& reader, WebhookTarget& target) {
    auto given = reader.text("url");
    if (!given) return reader.fail("url", "is missing", "the address that takes the events, https://…");
    // Other destinations' targets are templates: one that is written here would be requested as it stands.
    if (given->find_first_of("{}") != std::string::npos)
        return reader.fail(
            "url", "has a { or }, and is no template",
            "every request goes to the same address: tell them apart by their headers and body; in an address a { is "
            "written %7B, a } %7D");
    auto url = parse_webhook_url(*given);
    if (!url) return reader.fail("url", url.error().message, url.error().hint);
    target.endpoint = std::move(url->endpoint);
    target.host_header = target.endpoint.host_header();
    target.target = std::move(url->target);
    target.url = std::move(url->shown);
}

/// Standard Webhooks: `whsec_` and base64; any other text is the key as it stands.
void read_secret(SettingsReader& reader, WebhookTarget& target) {
    auto secret = reader.secret("secret");
    if (!secret) return;
    std::string_view text = secret->reveal();
    constexpr std::string_view kPrefix = "whsec_";
    if (!text.starts_with(kPrefix)) {
        target.signing_key = Secret(std::string(text));
    } else if (auto key = base64_decode(text.substr(kPrefix.size())); key && !key->empty()) {
        target.signing_key = Secret(std::move(*key));
    } else {
        reader.fail("secret", "begins with whsec_ and is not base64 after it");
    }
}

void read_headers(SettingsReader& reader, std::span<const std::string_view> own_headers, WebhookTarget& target) {
    target.headers = reader.text_map("headers");
    for (const auto& [name, value] : target.headers) {
        auto is_name = [&name = name](std::string_view other) { return http::equal_ignoring_case(name, other); };
        bool reserved = std::any_of(kReservedHeaders.begin(), kReservedHeaders.end(), is_name) ||
                        std::any_of(own_headers.begin(), own_headers.end(), is_name);
        if (!is_token(name))
            reader.fail("headers", "has a name that is not a header's name");
        else if (reserved)
            reader.fail("headers", "has " + name + ", which Sluice sets itself");
        else if (!is_header_value(value))
            reader.fail("headers", "has a control character in the value of " + name);
    }
}

}  // namespace

Result<WebhookUrl> parse_webhook_url(std::string_view given) {
    auto text = clean_pasted(given);
    auto authority = text.find("://");
    auto path = authority == std::string_view::npos ? std::string_view::npos : text.find_first_of("/?#", authority + 3);
    auto endpoint = Endpoint::parse(text.substr(0, path));
    if (!endpoint)
        return make_error(Errc::invalid_argument, "is not a URL: " + endpoint.error().message, endpoint.error().hint);
    WebhookUrl url;
    url.endpoint = std::move(*endpoint);
    url.target = path == std::string_view::npos ? "/" : std::string(text.substr(path));
    if (url.target.front() == '?') url.target.insert(0, "/");
    bool plain =
        std::all_of(url.target.begin(), url.target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
    if (!plain)
        return make_error(Errc::invalid_argument, "has a character that must be percent-encoded, or a fragment (#…)");
    url.shown = std::string(text.substr(0, text.find('?')));
    return url;
}

WebhookTarget read_webhook_target(SettingsReader& reader, const DestinationContext& context,
                                  std::span<const std::string_view> own_headers) {
    WebhookTarget target;
    read_url(reader, target);
    read_secret(reader, target);
    read_headers(reader, own_headers, target);
    auto connection = read_connection_settings(reader, context, target.endpoint);
    target.connect = connection.connect;
    if (connection.endpoint) {
        target.endpoint = *connection.endpoint;
    } else if (reader.ok()) {
        if (auto allowed = check_endpoint(target.endpoint, context); !allowed)
            reader.fail("url", allowed.error().message, allowed.error().hint);
    }
    return target;
}

std::string webhook_signature(const Secret& key, std::string_view id, std::string_view timestamp,
                              std::string_view body) {
    std::string content;
    content.reserve(id.size() + timestamp.size() + body.size() + 2);
    content.append(id).append(".").append(timestamp).append(".").append(body);
    return "v1," + base64_encode(as_view(hmac_sha256(key.reveal(), content)));
}

void add_webhook_headers(http::Headers& headers, const WebhookTarget& target, const std::string& content_type,
                         const std::string& id, std::string_view body, Timestamp now) {
    headers.add("Host", target.host_header);
    headers.add("Content-Type", content_type);
    headers.add("webhook-id", id);
    auto timestamp = std::to_string(to_epoch_ms(now) / 1000);
    headers.add("webhook-timestamp", timestamp);
    if (!target.signing_key.empty())
        headers.add("webhook-signature", webhook_signature(target.signing_key, id, timestamp, body));
}

}  // namespace sluice
