// Records of tokens and orgs as the store gives them back: any bytes are a record or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "control/access_record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto token = sluice::decode_token_record(text)) {
        auto again = sluice::decode_token_record(sluice::encode(*token));
        SLUICE_ASSERT(again.has_value(), "a record that was read can be written and read again");
    }
    if (auto org = sluice::decode_org_record(text)) {
        auto again = sluice::decode_org_record(sluice::encode(*org));
        SLUICE_ASSERT(again.has_value(), "a record that was read can be written and read again");
    }
    return 0;
}
