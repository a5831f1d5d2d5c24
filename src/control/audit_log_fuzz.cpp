// Entries of the audit log as the store gives them back: any bytes are an entry or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "control/audit_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto entry = sluice::decode_audit_entry(text)) {
        auto again = sluice::decode_audit_entry(sluice::encode(*entry));
        SLUICE_ASSERT(again.has_value(), "an entry that was read can be written and read again");
    }
    return 0;
}
