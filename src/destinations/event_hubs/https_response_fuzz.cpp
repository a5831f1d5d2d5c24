#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "destinations/event_hubs/https_response.hpp"

/// Two bytes of status, then a body. Whatever comes, only 201 is taken for acceptance.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    if (size < 2) return 0;
    http::ClientResponse answer;
    answer.status = data[0] | data[1] << 8;
    answer.body.assign(reinterpret_cast<const char*>(data + 2), size - 2);
    auto verdict = event_hubs::verdict_of_send(answer, "hub");
    SLUICE_ASSERT((verdict.kind == Verdict::Kind::accepted) == (answer.status == 201), "only 201 is acceptance");
    SLUICE_ASSERT((verdict.failure == nullptr) == (answer.status == 201), "what is refused has a reason");
    if (auto failure = event_hubs::creation_outcome(answer, "hub"); failure)
        SLUICE_ASSERT(failure->target == "hub" && !failure->code.empty(), "a refusal names the hub");
    event_hubs::read_hub_look(answer, "hub");
    return 0;
}
