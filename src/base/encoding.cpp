#include "base/encoding.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.hpp"

namespace sluice {
namespace {

std::string hex(std::string_view bytes, const char* digits) {
    std::string out(bytes.size() * 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto byte = static_cast<unsigned char>(bytes[i]);
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    return out;
}

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Fetched once: fetching costs more than hashing a kilobyte.
const EVP_MD* algorithm(const char* name) {
    const EVP_MD* found = EVP_MD_fetch(nullptr, name, nullptr);
    SLUICE_ASSERT(found != nullptr, "OpenSSL must have its standard digests");
    return found;
}

template <std::size_t N>
std::array<unsigned char, N> digest(std::string_view bytes, const EVP_MD* type) {
    struct Context {
        EVP_MD_CTX* handle = EVP_MD_CTX_new();
        ~Context() { EVP_MD_CTX_free(handle); }
    };
    thread_local Context context;
    std::array<unsigned char, N> out;
    bool done = EVP_DigestInit_ex2(context.handle, type, nullptr) == 1 &&
                EVP_DigestUpdate(context.handle, bytes.data(), bytes.size()) == 1 &&
                EVP_DigestFinal_ex(context.handle, out.data(), nullptr) == 1;
    SLUICE_ASSERT(done, "a digest in memory cannot fail");
    return out;
}

}  // namespace

std::string hex_lower(std::string_view bytes) {
    return hex(bytes, "0123456789abcdef");
}
std::string hex_upper(std::string_view bytes) {
    return hex(bytes, "0123456789ABCDEF");
}

std::optional<std::string> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out(text.size() / 2, '\0');
    for (std::size_t i = 0; i < out.size(); ++i) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out[i] = static_cast<char>(high << 4 | low);
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (char c : text) {
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else {
            constexpr char kDigits[] = "0123456789ABCDEF";
            out += '%';
            out += kDigits[static_cast<unsigned char>(c) >> 4];
            out += kDigits[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    if (text.find_first_of(plus_is_space ? "%+" : "%") == std::string_view::npos) return std::string(text);
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            int high = hex_value(text[i + 1]);
            int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high << 4 | low);
            i += 2;
        }
    }
    return out;
}

Digest256 sha256(std::string_view bytes) {
    static const EVP_MD* type = algorithm("SHA256");
    return digest<32>(bytes, type);
}

Digest128 md5(std::string_view bytes) {
    static const EVP_MD* type = algorithm("MD5");
    return digest<16>(bytes, type);
}

Digest256 hmac_sha256(std::string_view key, std::string_view bytes) {
    static const EVP_MD* type = algorithm("SHA256");
    Digest256 out;
    unsigned int size = 0;
    const auto* done = HMAC(type, key.data(), static_cast<int>(key.size()),
                            reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(), &size);
    SLUICE_ASSERT(done != nullptr && size == out.size(), "an HMAC in memory cannot fail");
    return out;
}

}  // namespace sluice
