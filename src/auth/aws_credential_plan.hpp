#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "auth/aws_access_key.hpp"
#include "auth/aws_environment.hpp"
#include "base/result.hpp"

namespace sluice::auth {

struct AwsCredentialPlan;

struct AwsKeyPlan {
    AwsAccessKey key;
};
struct AwsRolePlan {
    std::string role_arn;
    std::string external_id;
    std::string session_name;  ///< empty: made by Sluice
    std::chrono::seconds duration{3600};
    std::shared_ptr<const AwsCredentialPlan> source;
};
struct AwsWebIdentityPlan {
    std::string role_arn;
    std::string token_file;  ///< read anew at every refresh
    std::string session_name;
};
struct AwsProcessPlan {
    std::string command;
};
struct AwsContainerPlan {};
struct AwsInstanceMetadataPlan {};

/// Where credentials are to be fetched from: decided from variables and files alone, so that the decision can be tested
/// without any network. The fetching is aws_credential_sources.hpp's.
struct AwsCredentialPlan {
    std::variant<AwsKeyPlan, AwsRolePlan, AwsWebIdentityPlan, AwsProcessPlan, AwsContainerPlan, AwsInstanceMetadataPlan>
        kind;
    std::string origin;  ///< for people: `profile "prod"`, `environment`
};

/// The default chain, in botocore's order: environment, the profile's role, web identity, (SSO), the credentials file,
/// (login), credential_process, the config file, container, instance metadata. What needs a browser (SSO, login) is an
/// error of Errc::unsupported rather than passed over.
Result<AwsCredentialPlan> plan_aws_chain(const AwsEnvironment& environment);

/// One named profile, and nothing but it.
Result<AwsCredentialPlan> plan_aws_profile(std::string_view name, const AwsEnvironment& environment);

}  // namespace sluice::auth
