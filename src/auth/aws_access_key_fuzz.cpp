#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/aws_access_key.hpp"
#include "auth/aws_profile_files.hpp"
#include "auth/run_process.hpp"
#include "base/assert.hpp"

/// People paste anything: it is read, or refused with what to do.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto key = sluice::auth::parse_pasted_access_key(text);
    if (key) {
        SLUICE_ASSERT(sluice::auth::is_from_aws_iam(text), "what can be read is known");
        SLUICE_ASSERT(!key->id.empty() && !key->secret.empty(), "a key has both its parts");
        SLUICE_ASSERT(bool(sluice::auth::check_access_key(*key)), "what was read is good");
    } else {
        SLUICE_ASSERT(!key.error().hint.empty(), "a refusal says what to do");
    }
    (void)sluice::auth::is_from_aws_iam(text);
    (void)sluice::auth::parse_aws_sections(text);
    (void)sluice::auth::split_command(text);
    return 0;
}
