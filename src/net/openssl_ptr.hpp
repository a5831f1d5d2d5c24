#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace sluice {

/// Owns an OpenSSL object by its own free function.
template <class T, void (*Free)(T*)>
struct OpenSslFree {
    void operator()(T* object) const noexcept { Free(object); }
};

using SslContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX, SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL, SSL_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, OpenSslFree<SSL_SESSION, SSL_SESSION_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY, EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO, BIO_free_all>>;

/// Reads `pem`, which must outlive it.
inline BioPtr pem_reader(const std::string& pem) {
    return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// What OpenSSL last complained about on this thread, in its words, without its numbers; empties the queue of
/// complaints. `fallback` when it has nothing to say.
std::string take_openssl_reason(std::string fallback);

}  // namespace sluice
