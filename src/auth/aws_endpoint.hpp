#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/endpoint.hpp"

namespace sluice::auth {

class AwsEnvironment;

/// How the operator wants AWS to be reached: AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT,
/// AWS_ENDPOINT_URL[_SERVICE].
struct AwsEndpointOptions {
    bool fips = false;
    bool dual_stack = false;
    std::string override_url;  ///< instead of the service's own endpoint; empty: none

    static AwsEndpointOptions from(const AwsEnvironment& environment, std::string_view service);
};

/// `eu-west-1`; the error says what was given instead, where that can be told (an availability zone, a place's name).
Result<void> check_aws_region(std::string_view region);

/// Where a service listens in a region: `kinesis.eu-west-1.amazonaws.com`, in every partition. `service` as it is
/// signed.
Result<Endpoint> aws_endpoint(std::string_view service, std::string_view region, const AwsEndpointOptions& options);

/// The parts of `arn:aws:kinesis:eu-west-1:123456789012:stream/name`.
struct AwsArn {
    std::string partition;
    std::string service;
    std::string region;
    std::string account;
    std::string resource;  ///< everything after the fifth colon

    static std::optional<AwsArn> parse(std::string_view text);
};

}  // namespace sluice::auth
