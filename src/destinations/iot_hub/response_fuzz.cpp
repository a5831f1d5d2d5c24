// Whatever a hub answers is a verdict with a reason, accepted only for 204; its words are bounded and printable. The
// first byte chooses the status.
#include <array>
#include <cstdint>

#include "base/assert.hpp"
#include "destinations/iot_hub/response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    if (size == 0) return 0;
    constexpr std::array kStatuses = {200, 204, 301, 400, 401, 403, 404, 408, 413, 429, 500, 503};
    http::ClientResponse reply;
    reply.status = kStatuses[data[0] % kStatuses.size()];
    reply.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    auto verdict = iot_hub::verdict_of_reply(reply, "room");
    SLUICE_ASSERT((verdict.kind == Verdict::Kind::accepted) == (reply.status == 204),
                  "204 is acceptance, nothing else");
    if (!verdict.failure) return 0;
    SLUICE_ASSERT(!verdict.failure->code.empty() && !verdict.failure->message.empty() && !verdict.failure->hint.empty(),
                  "a refusal says why");
    SLUICE_ASSERT(verdict.failure->message.size() <= 300, "words are bounded");
    for (unsigned char c : verdict.failure->message) SLUICE_ASSERT(c >= 0x20 && c != 0x7F, "words are printable");
    return 0;
}
