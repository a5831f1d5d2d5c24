#include "base/secret.hpp"

#include <openssl/crypto.h>

namespace sluice {

void Secret::wipe() noexcept {
    // The whole capacity: a shorter text assigned earlier may have left a longer one's tail behind.
    if (text_.capacity() > 0) {
        text_.resize(text_.capacity());
        OPENSSL_cleanse(text_.data(), text_.size());
    }
    text_.clear();
}

bool operator==(const Secret& a, const Secret& b) noexcept {
    return constant_time_equal(a.text_, b.text_);
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sluice
