#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "destinations/event_hubs/namespace_credentials.hpp"

/// Whatever is pasted: what is taken has a host and something to authenticate with, and reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice::event_hubs;
    auto parsed = parse_connection_string({reinterpret_cast<const char*>(data), size});
    if (!parsed) {
        SLUICE_ASSERT(!parsed.error().message.empty(), "a refusal says why");
        return 0;
    }
    SLUICE_ASSERT(!parsed->host.empty(), "there is a host");
    SLUICE_ASSERT(parsed->key.empty() != parsed->signature.empty(), "there is one way to authenticate");
    auto again = parse_connection_string(parsed->text.reveal());
    SLUICE_ASSERT(
        again && again->host == parsed->host && again->key == parsed->key && again->entity_path == parsed->entity_path,
        "what was read can be read again");
    return 0;
}
