#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "auth/aws_credential_plan.hpp"
#include "auth/aws_credential_settings.hpp"
#include "auth/aws_credentials.hpp"
#include "auth/aws_environment.hpp"
#include "auth/refreshing_credentials.hpp"
#include "base/clock.hpp"
#include "net/endpoint.hpp"

namespace sluice::auth {

/// What fetching credentials needs of its surroundings; all of it outlives the provider.
struct AwsCredentialContext {
    boost::asio::io_context& io;
    const Clock& clock;
    const AwsEnvironment& environment;
    std::string region;        ///< whose STS is asked
    std::string session_name;  ///< of assumed roles, where no setting names one: seen in the customer's CloudTrail
    ConnectOptions connect;    ///< proxy and authorities for the calls to STS
};

/// How STS is reached by an integration that reaches its service by `service`: through its proxy and by its
/// authorities, but always verified, as `insecure` is for the endpoint only. Its host is AWS's or the operator's
/// (AWS_ENDPOINT_URL_STS, a private link), so it may be internal; a tenant's proxy may not.
ConnectOptions sts_connect_options(const ConnectOptions& service);

/// Makes the provider for an integration's `credentials`. No I/O before the first get().
std::unique_ptr<AwsCredentialsProvider> make_aws_credentials(const AwsCredentialSettings& settings,
                                                             const AwsCredentialContext& context);

/// Fetches what a plan says. The plan is made anew at every fetch, so that a changed file or a rotated key is noticed.
using AwsPlanner = std::function<Result<AwsCredentialPlan>(const AwsEnvironment&)>;
std::unique_ptr<AwsCredentialsProvider> make_planned_credentials(AwsPlanner planner, std::string description,
                                                                 const AwsCredentialContext& context);

/// The sources that speak to something. Each is one place.
std::unique_ptr<AwsCredentialsSource> make_role_source(AwsRolePlan role, std::unique_ptr<AwsCredentialsProvider> source,
                                                       AwsCredentialContext context);
std::unique_ptr<AwsCredentialsSource> make_web_identity_source(AwsWebIdentityPlan plan, AwsCredentialContext context);
std::unique_ptr<AwsCredentialsSource> make_container_source(AwsCredentialContext context);
std::unique_ptr<AwsCredentialsSource> make_instance_metadata_source(AwsCredentialContext context);
std::unique_ptr<AwsCredentialsSource> make_process_source(AwsProcessPlan plan);

}  // namespace sluice::auth
