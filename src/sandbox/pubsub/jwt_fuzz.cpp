#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sandbox/pubsub/google_accounts.hpp"
#include "sandbox/pubsub/jwt.hpp"

/// Whatever a client sends as its token, or posts to the token endpoint, is at most refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto jwt = sandbox::parse_jwt(text);
    if (jwt && (jwt->signature.empty() || jwt->issued_at < 0 || jwt->expires < 0)) __builtin_trap();
    static sandbox::GoogleAccounts accounts{sandbox::GoogleAccounts::Options{}};
    auto now = from_epoch_ms(1'700'000'000'000);
    if (accounts.authenticate(text, {}, now)) __builtin_trap();
    if (accounts.token(text, now).status == 200) __builtin_trap();
    return 0;
}
