#pragma once

#include <string>
#include <string_view>

#include "net/openssl_ptr.hpp"

namespace sluice::sandbox {

/// A service account's RSA key pair, made here. Thread: any.
class ServiceKey {
  public:
    /// 2048 bits. Ends the process when OpenSSL cannot make one.
    ServiceKey();

    /// 40 hexadecimal digits, as Google's key ids.
    const std::string& id() const noexcept { return id_; }
    /// PKCS #8 in PEM.
    std::string private_key_pem() const;
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    bool verifies(std::string_view signed_text, std::string_view signature) const;

  private:
    KeyPtr key_;
    std::string id_;
};

}  // namespace sluice::sandbox
