#include "sandbox/pubsub/service_key.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/assert.hpp"
#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX, EVP_MD_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

ServiceKey::ServiceKey() : key_(EVP_RSA_gen(2048)) {
    SLUICE_ASSERT(key_ != nullptr, "OpenSSL makes an RSA key");
    unsigned char* der = nullptr;
    auto size = i2d_PUBKEY(key_.get(), &der);
    SLUICE_ASSERT(size > 0, "OpenSSL writes a public key");
    auto digest = sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    id_ = hex_lower(as_view(digest).substr(0, 20));
}

std::string ServiceKey::private_key_pem() const {
    BioPtr out(BIO_new(BIO_s_mem()));
    auto written = PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    SLUICE_ASSERT(written == 1, "OpenSSL writes a private key");
    char* text = nullptr;
    auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

bool ServiceKey::verifies(std::string_view signed_text, std::string_view signature) const {
    DigestContextPtr context(EVP_MD_CTX_new());
    bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(signed_text),
                                 signed_text.size()) == 1;
    if (!good) take_openssl_reason({});
    return good;
}

}  // namespace sluice::sandbox
