// What is accepted as an endpoint prints as something that is read as the same endpoint.
#include <cstdint>
#include <cstdlib>

#include "net/endpoint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto parsed = sluice::Endpoint::parse({reinterpret_cast<const char*>(data), size});
    if (!parsed) return 0;
    auto again = sluice::Endpoint::parse(parsed->to_url());
    if (!again || *again != *parsed || parsed->host.empty() || parsed->port == 0) std::abort();
    (void)sluice::is_loopback_host(parsed->host);
    return 0;
}
