#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/encoding.hpp"
#include "json/find.hpp"
#include "sandbox/iot_hub/event_topic.hpp"
#include "sandbox/iot_hub/hub_access.hpp"
#include "sandbox/iot_hub/hub_identity.hpp"

using namespace sluice::sandbox;

// What devices send to a hub as text: topics with their property bags, tokens, user names. Nothing may crash; what is
// accepted must hold to what is promised of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);

    if (auto topic = parse_event_topic(text)) {
        if (!is_valid_hub_id(topic->identity.device)) std::abort();
        std::string again;
        for (const auto& [name, value] : topic->properties) {
            if (name.empty() || !sluice::json::is_valid_utf8(name) || !sluice::json::is_valid_utf8(value)) std::abort();
            again += (again.empty() ? "" : "&") + sluice::percent_encode(name) + "=" + sluice::percent_encode(value);
        }
        // What was read can be written, and is read as the same.
        auto properties = parse_property_bag(again);
        if (!properties || *properties != topic->properties) std::abort();
    }
    if (auto token = parse_sas_token(text)) {
        if (token->resource.empty() || token->signature.empty() || token->expires < sluice::from_epoch_ms(0))
            std::abort();
    }
    if (auto user = parse_user_name(text)) {
        if (user->host.empty() || user->api_version.empty() || !is_valid_hub_id(user->identity.device)) std::abort();
    }
    if (auto identity = parse_client_id(text)) {
        if (identity->name() != text) std::abort();
    }
    return 0;
}
