#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/google_token_answer.hpp"
#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    int status = data[0] % 2 == 0 ? 200 : 400;
    std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
    auto answer = sluice::auth::read_google_token_answer(status, body);
    if (!answer) return 0;
    SLUICE_ASSERT(status == 200, "only success brings a token");
    const auto& token = answer->access_token.reveal();
    SLUICE_ASSERT(!token.empty() && token.find_first_of(" \r\n") == std::string::npos, "a token fits into a header");
    SLUICE_ASSERT(answer->lasts.count() >= 0 && answer->lasts.count() <= 24 * 3600, "within a day");
    return 0;
}
