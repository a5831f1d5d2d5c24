#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "auth/google_key_file.hpp"
#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto read = sluice::auth::read_google_key_file(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!read) {
        SLUICE_ASSERT(!read.error().message.empty(), "a refusal says why");
    } else if (const auto* account = std::get_if<sluice::auth::GoogleServiceAccount>(&*read)) {
        SLUICE_ASSERT(!account->client_email.empty() && !account->private_key.empty(),
                      "what is needed to sign is there");
    } else {
        const auto& user = std::get<sluice::auth::GoogleAuthorizedUser>(*read);
        SLUICE_ASSERT(!user.refresh_token.empty() && user.token_path.starts_with('/'), "what is asked for is there");
    }
    return 0;
}
