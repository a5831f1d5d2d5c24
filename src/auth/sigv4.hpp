#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/aws_credentials.hpp"
#include "base/clock.hpp"
#include "base/encoding.hpp"

namespace sluice::auth {

/// AWS Signature Version 4, header form (AWS General Reference, "Signing AWS API requests").
/// Keeps the derived key of the day. Thread: one shard.
class SigV4Signer {
  public:
    SigV4Signer(std::string region, std::string service);

    struct Request {
        std::string_view method = "POST";
        std::string_view path = "/";  ///< as sent
        std::string_view query;       ///< as sent, without `?`
        /// Headers to sign, Host included; X-Amz-Date and X-Amz-Security-Token are added by the signer.
        std::vector<std::pair<std::string_view, std::string_view>> headers;
        std::string_view payload_sha256_hex;
    };
    struct Signed {
        std::string amz_date;        ///< X-Amz-Date
        std::string authorization;   ///< Authorization
        std::string security_token;  ///< X-Amz-Security-Token; empty when there is none
    };
    /// `now` is corrected by the caller for a known clock skew.
    Signed sign(const Request& request, const AwsCredentials& credentials, Timestamp now);

  private:
    /// Four HMACs away from the secret; made anew for another day or other credentials only.
    const Digest256& key_of(const AwsCredentials& credentials, std::string_view day);

    std::string region_;
    std::string service_;
    std::string key_day_;
    Secret key_secret_;
    Digest256 key_{};
};

/// The parts of a signature, as functions of their own so that each can be held against published vectors.
/// `signed_headers` receives `host;x-amz-date;…`.
std::string sigv4_canonical_request(const SigV4Signer::Request& request, std::string_view amz_date,
                                    std::string_view security_token, std::string& signed_headers);
std::string sigv4_string_to_sign(std::string_view canonical_request, std::string_view amz_date, std::string_view scope);
/// `20150830T123600Z`
std::string sigv4_date(Timestamp time);

}  // namespace sluice::auth
