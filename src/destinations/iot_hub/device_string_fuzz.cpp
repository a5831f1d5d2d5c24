// Whatever is pasted is refused with a reason, or is a device that can say CONNECT.
#include <cstdint>

#include "base/assert.hpp"
#include "destinations/iot_hub/device_string.hpp"
#include "destinations/iot_hub/request.hpp"
#include "destinations/iot_hub/sas_token.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    auto device = iot_hub::parse_device_string({reinterpret_cast<const char*>(data), size});
    if (!device) {
        SLUICE_ASSERT(!device.error().message.empty() && !device.error().hint.empty(), "a refusal says why");
        return 0;
    }
    SLUICE_ASSERT(device->key.empty() != device->token.empty(), "a key or a token");
    SLUICE_ASSERT(!device->host.empty() && !device->id.empty(), "a device has a host and an id");
    auto minted = iot_hub::mint_token(*device, Timestamp(std::chrono::hours(500'000)), std::chrono::hours(1));
    std::string bytes;
    SLUICE_ASSERT(mqtt::encode(iot_hub::connect_packet(*device, minted.token, 240), bytes), "its CONNECT can be said");
    return 0;
}
