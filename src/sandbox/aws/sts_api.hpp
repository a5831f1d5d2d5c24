#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/aws/aws_api.hpp"
#include "sandbox/aws/key_ring.hpp"

namespace sluice::sandbox {

/// A role that may be assumed, and what it asks for.
struct Role {
    std::string arn;
    std::string external_id;  ///< empty: none asked for
};

/// STS, query protocol: AssumeRole and GetCallerIdentity.
class StsApi final : public AwsApi {
  public:
    struct Options {
        std::vector<Role> roles;  ///< empty: every role may be assumed
        /// Sessions end no later than this, so that a refresh can be seen; 0: as the caller asks.
        std::chrono::seconds max_session{0};
    };
    StsApi(Options options, KeyRing& keys, const Clock& clock);

    std::string_view service() const override { return "sts"; }
    std::string_view content_type() const override { return "text/xml"; }
    FaultWords fault_words() const override;
    AwsResult<AwsCall> prepare(std::string_view operation, http::Request& request) override;
    http::Response error_response(const AwsError& error, const http::Request& request) const override;
    AwsError auth_error(const AuthFailure& failure) const override;
    AwsError missing_target(std::string_view target) const override;
    AwsError throttled() const override { return {400, "Throttling", "Rate exceeded", {}}; }
    AwsError internal_failure(int status) const override;

  private:
    AwsResult<AwsReply> assume_role(const std::string& role_arn, const std::string& session_name,
                                    std::chrono::seconds duration, const std::string& external_id,
                                    const Caller& caller);

    const Options options_;
    KeyRing& keys_;
    const Clock& clock_;
};

/// The decoded value of a form's field; empty when absent.
std::string form_field(std::string_view form, std::string_view name);

}  // namespace sluice::sandbox
