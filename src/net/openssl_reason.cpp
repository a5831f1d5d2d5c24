#include <openssl/err.h>

#include "net/openssl_ptr.hpp"

namespace sluice {

std::string take_openssl_reason(std::string fallback) {
    // The last one is nearest to the cause that a person can do something about.
    auto code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    if (reason) fallback = reason;
    ERR_clear_error();
    return fallback;
}

}  // namespace sluice
