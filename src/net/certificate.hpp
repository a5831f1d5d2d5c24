#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace sluice {

/// What a certificate is to say. Times are from now.
struct CertificateRequest {
    std::string common_name;
    std::vector<std::string> dns_names;
    std::vector<std::string> ip_addresses;
    bool is_ca = false;
    std::chrono::seconds valid_from = -std::chrono::hours(1);  ///< clocks differ
    std::chrono::seconds valid_until = std::chrono::hours(24 * 365);
};

struct Certificate {
    std::string certificate_pem;
    std::string key_pem;
};

/// Makes an EC P-256 key and a certificate for it, signed by `issuer`, or by itself when that is null. For sandboxes
/// and tests: a real service has a real certificate authority.
Result<Certificate> make_certificate(const CertificateRequest& request, const Certificate* issuer = nullptr);

/// What the first certificate of a PEM file says of itself.
struct CertificateFacts {
    std::string subject;  ///< `CN=sluice.example.com`
    Timestamp valid_from;
    Timestamp valid_until;
};
/// Errc::invalid_argument, naming the file, when there is none.
Result<CertificateFacts> read_certificate_facts(const std::string& pem_file);

}  // namespace sluice
