#include "auth/google_jwt.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "base/encoding.hpp"
#include "http/json_text.hpp"
#include "net/openssl_ptr.hpp"

namespace sluice::auth {
namespace {

using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX, EVP_MD_CTX_free>>;

std::string json_string(std::string_view text) {
    std::string out;
    http::append_json_string(out, text);
    return out;
}

std::int64_t seconds(Timestamp time) {
    return to_epoch_ms(time) / 1000;
}

}  // namespace

std::string base64url(std::string_view bytes) {
    std::string text = base64_encode(bytes);
    while (!text.empty() && text.back() == '=') text.pop_back();
    for (char& c : text) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    return text;
}

Result<std::string> rs256_signature(const Secret& private_key_pem, std::string_view text) {
    const std::string& pem = private_key_pem.reveal();
    BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    DigestContextPtr context(EVP_MD_CTX_new());
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    std::string signature;
    bool signed_well = key && context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) &&
                       EVP_DigestSign(context.get(), nullptr, &size, data, text.size());
    if (signed_well) {
        signature.resize(size);
        auto* out = reinterpret_cast<unsigned char*>(signature.data());
        signed_well = EVP_DigestSign(context.get(), out, &size, data, text.size());
        signature.resize(size);
    }
    if (!signed_well) {
        return make_error(Errc::unauthenticated,
                          "the private key cannot sign: " + take_openssl_reason("OpenSSL gives no reason"));
    }
    return signature;
}

Result<Secret> sign_google_jwt(const GoogleServiceAccount& account, const JwtClaims& claims) {
    std::string header = R"({"alg":"RS256","typ":"JWT")";
    if (!account.private_key_id.empty()) header += R"(,"kid":)" + json_string(account.private_key_id);
    header += '}';
    const std::string email = json_string(account.client_email);
    const std::string payload =
        fmt::format(R"({{"iss":{0},"sub":{0},"iat":{1},"exp":{2},"aud":{3}}})", email, seconds(claims.issued),
                    seconds(claims.expires), json_string(claims.audience));
    std::string token = base64url(header) + '.' + base64url(payload);
    auto signature = rs256_signature(account.private_key, token);
    if (!signature) return signature.error();
    token += '.' + base64url(*signature);
    return Secret(std::move(token));
}

}  // namespace sluice::auth
