#include "destinations/iot_hub/sas_token.hpp"

#include "auth/azure_sas.hpp"
#include "base/encoding.hpp"

namespace sluice::iot_hub {

MintedToken mint_token(const Device& device, Timestamp now, std::chrono::seconds lifetime) {
    if (device.key.empty()) return {device.token, std::chrono::milliseconds::max()};
    MintedToken minted;
    minted.token = auth::azure_sas_token(device.resource(), device.key, now + lifetime, {});
    auto tenth_of_percents = 750 + crc32c(device.resource()) % 101;
    minted.use_for = std::chrono::milliseconds(lifetime) * tenth_of_percents / 1000;
    return minted;
}

}  // namespace sluice::iot_hub
