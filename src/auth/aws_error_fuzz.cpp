#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/aws_error.hpp"
#include "auth/sts.hpp"
#include "base/assert.hpp"

/// What answers in AWS's place may say anything: there is always a code, on one line, and no crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view body(reinterpret_cast<const char*>(data), size);
    sluice::auth::AwsCredentials used;
    used.secret_access_key = sluice::Secret("secret");
    auto error = sluice::auth::read_aws_error(400, {}, body, used);
    SLUICE_ASSERT(!error.code.empty(), "an error has a code");
    for (const auto* text : {&error.code, &error.message}) {
        SLUICE_ASSERT(text->find_first_of("\r\n") == std::string::npos, "an error is one line");
    }
    SLUICE_ASSERT(error.message.find("secret") == std::string::npos, "an error tells no secret");
    (void)sluice::auth::read_sts_credentials(body);
    return 0;
}
