#include "auth/aws_credential_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "auth/aws_profile_files.hpp"

namespace sluice::auth {
namespace {

using MaybePlan = Result<std::optional<AwsCredentialPlan>>;

Error no_credentials(std::string message, std::string hint = {}) {
    return make_error(Errc::unauthenticated, std::move(message), std::move(hint));
}

std::string value_of(const AwsProfile& profile, std::string_view name) {
    auto found = profile.find(name);
    return found == profile.end() ? std::string() : found->second;
}

bool has(const AwsProfile& profile, std::string_view name) {
    return !value_of(profile, name).empty();
}

/// Static keys of a variable set or a section; nothing when the key id is absent.
MaybePlan keys_of(std::string id, std::string secret, std::string token, std::string origin) {
    if (id.empty()) return std::optional<AwsCredentialPlan>();
    if (secret.empty()) return no_credentials(fmt::format("{} has an access key id without its secret", origin));
    AwsAccessKey key{std::move(id), Secret(std::move(secret)), Secret(std::move(token))};
    if (auto good = check_access_key(key); !good) {
        return no_credentials(fmt::format("{} {}", origin, good.error().message), good.error().hint);
    }
    return std::optional(AwsCredentialPlan{AwsKeyPlan{std::move(key)}, std::move(origin)});
}

MaybePlan keys_of(const AwsProfile* profile, std::string origin) {
    if (profile == nullptr) return std::optional<AwsCredentialPlan>();
    return keys_of(value_of(*profile, "aws_access_key_id"), value_of(*profile, "aws_secret_access_key"),
                   value_of(*profile, "aws_session_token"), std::move(origin));
}

MaybePlan keys_of(const AwsEnvironment& environment) {
    return keys_of(environment.variable("AWS_ACCESS_KEY_ID").value_or(""),
                   environment.variable("AWS_SECRET_ACCESS_KEY").value_or(""),
                   environment.variable("AWS_SESSION_TOKEN").value_or(""), "the environment");
}

bool has_container(const AwsEnvironment& environment) {
    return environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
           environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

Error needs_a_browser(std::string_view profile, std::string_view what) {
    return make_error(Errc::unsupported,
                      fmt::format("profile \"{}\" signs in through {}, which needs a browser", profile, what),
                      "Give Sluice an access key or a role, or a credential_process that runs `aws configure "
                      "export-credentials`.");
}

/// Follows profiles through their sources.
class ProfilePlanner {
  public:
    ProfilePlanner(const AwsProfileFiles& files, const AwsEnvironment& environment)
        : files_(files), environment_(environment) {}

    Result<AwsCredentialPlan> plan(const std::string& name) {
        auto found = files_.merged(name);
        if (!found) {
            return no_credentials(fmt::format("there is no profile \"{}\" in {}", name, files_.places()));
        }
        auto role = plan_role(name, *found);
        if (!role) return role.error();
        if (*role) return std::move(**role);
        auto other = plan_without_role(name, *found);
        if (!other) return other.error();
        if (*other) return std::move(**other);
        return no_credentials(fmt::format("profile \"{}\" in {} holds no credentials", name, files_.places()));
    }

    /// Nothing when the profile has no role.
    MaybePlan plan_role(const std::string& name, const AwsProfile& profile) {
        if (!has(profile, "role_arn")) return std::optional<AwsCredentialPlan>();
        auto origin = fmt::format("profile \"{}\"", name);
        if (has(profile, "web_identity_token_file")) {
            AwsWebIdentityPlan plan{value_of(profile, "role_arn"), value_of(profile, "web_identity_token_file"),
                                    value_of(profile, "role_session_name")};
            return std::optional(AwsCredentialPlan{std::move(plan), std::move(origin)});
        }
        if (has(profile, "mfa_serial")) {
            return make_error(Errc::unsupported, fmt::format("{} asks for a one-time code (mfa_serial)", origin),
                              "Sluice cannot be asked for codes: use a role without MFA.");
        }
        bool from_profile = has(profile, "source_profile");
        bool from_place = has(profile, "credential_source");
        if (from_profile == from_place) {
            return no_credentials(fmt::format("{} has a role_arn and {} source_profile and credential_source", origin,
                                              from_profile ? "both" : "neither"),
                                  "Give exactly one of the two.");
        }
        if (std::find(visited_.begin(), visited_.end(), name) != visited_.end()) {
            return no_credentials(
                fmt::format("{} assumes its role through itself: the source_profile settings form a loop", origin));
        }
        visited_.push_back(name);
        auto source = from_profile ? plan_source_profile(name, profile) : plan_place(origin, profile);
        if (!source) return source.error();

        AwsRolePlan plan;
        plan.role_arn = value_of(profile, "role_arn");
        plan.external_id = value_of(profile, "external_id");
        plan.session_name = value_of(profile, "role_session_name");
        auto seconds = value_of(profile, "duration_seconds");
        if (!seconds.empty()) {
            long number = 0;
            auto end = std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
            if (end.ptr != seconds.data() + seconds.size() || number < 900 || number > 43'200) {
                return no_credentials(fmt::format("{} has a duration_seconds that is not from 900 to 43200", origin));
            }
            plan.duration = std::chrono::seconds(number);
        }
        plan.source = std::make_shared<const AwsCredentialPlan>(std::move(*source));
        return std::optional(AwsCredentialPlan{std::move(plan), std::move(origin)});
    }

    /// Keys of either file and credential_process, in the chain's order; nothing when there are none.
    MaybePlan plan_without_role(const std::string& name, const AwsProfile& profile) {
        if (has(profile, "sso_session") || has(profile, "sso_start_url")) return needs_a_browser(name, "AWS SSO");
        auto origin = fmt::format("profile \"{}\"", name);
        auto shared = keys_of(files_.in_credentials(name), origin);
        if (!shared || *shared) return shared;
        if (has(profile, "login_session")) return needs_a_browser(name, "`aws login`");
        if (has(profile, "credential_process")) {
            return std::optional(AwsCredentialPlan{AwsProcessPlan{value_of(profile, "credential_process")}, origin});
        }
        return keys_of(files_.in_config(name), origin);
    }

  private:
    Result<AwsCredentialPlan> plan_source_profile(const std::string& name, const AwsProfile& profile) {
        auto source_name = value_of(profile, "source_profile");
        if (source_name != name) return plan(source_name);
        // A profile may name itself when it has keys of its own.
        auto own = plan_without_role(name, profile);
        if (!own) return own.error();
        if (*own) return std::move(**own);
        return no_credentials(fmt::format("profile \"{}\" names itself as its source_profile, but has no keys", name));
    }

    Result<AwsCredentialPlan> plan_place(const std::string& origin, const AwsProfile& profile) {
        auto place = value_of(profile, "credential_source");
        if (place == "Environment") {
            auto keys = keys_of(environment_);
            if (!keys) return keys.error();
            if (*keys) return std::move(**keys);
            return no_credentials(origin +
                                  " takes its source from the environment, where AWS_ACCESS_KEY_ID is not set");
        }
        if (place == "EcsContainer") {
            if (has_container(environment_)) return AwsCredentialPlan{AwsContainerPlan{}, "the container"};
            return no_credentials(origin + " takes its source from the container, but there is none");
        }
        if (place == "Ec2InstanceMetadata") return AwsCredentialPlan{AwsInstanceMetadataPlan{}, "the instance"};
        return no_credentials(origin + " has an unknown credential_source",
                              "Known are Environment, EcsContainer and Ec2InstanceMetadata.");
    }

    const AwsProfileFiles& files_;
    const AwsEnvironment& environment_;
    std::vector<std::string> visited_;
};

}  // namespace

Result<AwsCredentialPlan> plan_aws_profile(std::string_view name, const AwsEnvironment& environment) {
    auto files = AwsProfileFiles::load(environment);
    if (!files) return files.error();
    return ProfilePlanner(*files, environment).plan(std::string(name));
}

Result<AwsCredentialPlan> plan_aws_chain(const AwsEnvironment& environment) {
    auto from_environment = keys_of(environment);
    if (!from_environment) return from_environment.error();
    if (*from_environment) return std::move(**from_environment);

    auto files = AwsProfileFiles::load(environment);
    if (!files) return files.error();
    auto chosen = environment.variable("AWS_PROFILE");
    auto name = chosen.value_or("default");
    auto profile = files->merged(name);
    if (!profile && chosen) {
        return no_credentials(
            fmt::format("AWS_PROFILE names profile \"{}\", which is not in {}", name, files->places()));
    }
    ProfilePlanner planner(*files, environment);
    if (profile) {
        auto role = planner.plan_role(name, *profile);
        if (!role) return role.error();
        if (*role) return std::move(**role);
    }
    auto token_file = environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    auto role_arn = environment.variable("AWS_ROLE_ARN");
    if (token_file) {
        if (!role_arn) return no_credentials("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
        AwsWebIdentityPlan plan{*role_arn, *token_file, environment.variable("AWS_ROLE_SESSION_NAME").value_or("")};
        return AwsCredentialPlan{std::move(plan), "web identity"};
    }
    if (profile) {
        auto other = planner.plan_without_role(name, *profile);
        if (!other) return other.error();
        if (*other) return std::move(**other);
    }
    if (has_container(environment)) return AwsCredentialPlan{AwsContainerPlan{}, "the container"};
    if (environment.variable("AWS_EC2_METADATA_DISABLED").value_or("") == "true") {
        return no_credentials(
            fmt::format("no AWS credentials were found in the environment, {} and the container", files->places()),
            "Instance metadata was not asked, since AWS_EC2_METADATA_DISABLED is true.");
    }
    return AwsCredentialPlan{AwsInstanceMetadataPlan{}, "the instance"};
}

}  // namespace sluice::auth
