#include <cstdint>

#include "base/assert.hpp"
#include "sandbox/event_hubs/access.hpp"

/// What somebody shows who knows no key: nothing of it lets them in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    using namespace sluice::sandbox;
    std::string_view shown(reinterpret_cast<const char*>(data), size);
    static const EntraTokens tokens({std::string(kSandboxTenant), {}}, std::string(kSandboxNamespace));
    static const Access access({std::string(kSandboxNamespace), {{"policy", "a key that is in no corpus", {}, {}}}},
                               tokens);
    auto now = from_epoch_ms(1'700'000'000'000);
    SLUICE_ASSERT(!access.check_plain(shown), "no connection string");
    SLUICE_ASSERT(!access.check_oauth_bearer(shown, now), "no token");
    SLUICE_ASSERT(!access.check_authorization(shown, "localhost", "/hub/messages", now), "no signature");
    http::Request request;
    request.method = "POST";
    request.path = "/" + std::string(kSandboxTenant) + "/oauth2/v2.0/token";
    request.body = std::string(shown);
    SLUICE_ASSERT(
        tokens.issue(request, now).status != 200 || shown.find(kSandboxOwnerSecret.substr(0, 6)) != shown.npos,
        "no secret");
    return 0;
}
