#pragma once

#include <fmt/format.h>
#include <openssl/pem.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "net/openssl_ptr.hpp"

namespace sluice::sandbox {

inline std::string base64url(std::string_view bytes) {
    auto text = base64_encode(bytes);
    while (text.ends_with('=')) text.pop_back();
    for (auto& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

/// A JWT as a client makes it from a service account's key file, with whatever claims a test wants.
class JwtSigner {
  public:
    explicit JwtSigner(std::string_view key_file) {
        auto file = boost::json::parse({key_file.data(), key_file.size()});
        email_ = std::string(file.at("client_email").as_string());
        key_id_ = std::string(file.at("private_key_id").as_string());
        std::string pem(file.at("private_key").as_string());
        BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        key_.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    }

    const std::string& email() const { return email_; }
    const std::string& key_id() const { return key_id_; }

    std::string sign(std::string_view header, std::string_view claims) const {
        auto text = base64url(header) + "." + base64url(claims);
        std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX, EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
        std::string signature(512, '\0');
        auto size = signature.size();
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size());
        signature.resize(size);
        return text + "." + base64url(signature);
    }
    /// `target`: `"aud":"…"` or `"scope":"…"` or both.
    std::string sign(Timestamp issued, std::string_view target,
                     std::chrono::seconds life = std::chrono::hours(1)) const {
        auto iat = to_epoch_ms(issued) / 1000;
        return sign(fmt::format(R"({{"alg":"RS256","typ":"JWT","kid":"{}"}})", key_id_),
                    fmt::format(R"({{"iss":"{0}","sub":"{0}","iat":{1},"exp":{2},{3}}})", email_, iat,
                                iat + life.count(), target));
    }

  private:
    std::string email_;
    std::string key_id_;
    KeyPtr key_;
};

}  // namespace sluice::sandbox
