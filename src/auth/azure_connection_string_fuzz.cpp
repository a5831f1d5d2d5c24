#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/azure_connection_string.hpp"
#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)sluice::auth::names_azure_member(text, "HostName");
    auto parsed = sluice::auth::AzureConnectionString::parse(text);
    if (!parsed) return 0;
    for (const auto& name : parsed->names()) SLUICE_ASSERT(parsed->has(name), "what is named is there");
    return 0;
}
