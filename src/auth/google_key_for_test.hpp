#pragma once

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "net/openssl_ptr.hpp"

/// For tests: RSA keys and key files, made on the spot so that none is kept anywhere.
namespace sluice::auth {

inline std::string pem_of(EVP_PKEY* key) {
    BioPtr bio(BIO_new(BIO_s_mem()));
    if (key == nullptr || !PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr)) {
        throw std::runtime_error("no key was made");
    }
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// The same key for all who ask: making one takes a tenth of a second.
inline const std::string& rsa_pem_for_test() {
    static const std::string pem = pem_of(KeyPtr(EVP_RSA_gen(2048)).get());
    return pem;
}

/// A key from the members of its JWK (RFC 7518, 6.3): base64url numbers.
inline std::string pem_of_jwk(const boost::json::object& jwk) {
    using BignumPtr = std::unique_ptr<BIGNUM, OpenSslFree<BIGNUM, BN_free>>;
    using ContextOfNumbers = std::unique_ptr<BN_CTX, OpenSslFree<BN_CTX, BN_CTX_free>>;
    using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
    using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM, OSSL_PARAM_free>>;
    using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
    auto number = [&jwk](std::string_view name) {
        std::string text(jwk.at(name).as_string());
        std::replace(text.begin(), text.end(), '-', '+');
        std::replace(text.begin(), text.end(), '_', '/');
        while (text.size() % 4 != 0) text += '=';
        auto bytes = base64_decode(text).value();
        return BignumPtr(
            BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
    };
    auto n = number("n"), e = number("e"), d = number("d"), p = number("p"), q = number("q");
    // What the Chinese remainder theorem needs follows from these.
    auto fresh = [] { return BignumPtr(BN_new()); };
    ContextOfNumbers work(BN_CTX_new());
    auto less_p = fresh(), less_q = fresh(), d_p = fresh(), d_q = fresh(), q_inverse = fresh();
    BN_sub(less_p.get(), p.get(), BN_value_one());
    BN_sub(less_q.get(), q.get(), BN_value_one());
    BN_mod(d_p.get(), d.get(), less_p.get(), work.get());
    BN_mod(d_q.get(), d.get(), less_q.get(), work.get());
    BN_mod_inverse(q_inverse.get(), q.get(), p.get(), work.get());
    BuilderPtr builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, d.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR1, p.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR2, q.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT1, d_p.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT2, d_q.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_COEFFICIENT1, q_inverse.get());
    ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
    ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    EVP_PKEY_fromdata_init(context.get());
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get());
    return pem_of(KeyPtr(key).get());
}

/// A service account's key file as the console downloads it.
inline boost::json::object service_account_for_test(std::string_view pem = rsa_pem_for_test()) {
    return {{"type", "service_account"},
            {"project_id", "demo-project"},
            {"private_key_id", "a1a111aa1111a11a11a11aa111a111a1a1111111"},
            {"private_key", pem},
            {"client_email", "robot@demo-project.iam.gserviceaccount.com"},
            {"client_id", "100000000000000000001"},
            {"auth_uri", "https://accounts.google.com/o/oauth2/auth"},
            {"token_uri", "https://oauth2.googleapis.com/token"},
            {"universe_domain", "googleapis.com"}};
}

}  // namespace sluice::auth
