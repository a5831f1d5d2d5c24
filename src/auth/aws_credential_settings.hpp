#pragma once

#include <array>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "auth/aws_access_key.hpp"
#include "auth/aws_environment.hpp"
#include "base/result.hpp"

namespace sluice::auth {

struct AwsCredentialSettings;

/// `{csv}`, `{csv_file}`, `{access_key_id, secret_access_key, session_token?}`
struct AwsKeySettings {
    AwsAccessKey key;
};
/// `{role_arn, external_id?, source?}`
struct AwsRoleSettings {
    std::string role_arn;
    std::string external_id;  ///< empty: none
    /// Who assumes it; null: Sluice itself, as the default chain finds it.
    std::shared_ptr<const AwsCredentialSettings> source;
};
/// `{profile}`
struct AwsProfileSettings {
    std::string name;
};
/// `{environment: true}`: the whole default chain.
struct AwsChainSettings {};

/// The `credentials` of an AWS destination, as product.md has them.
struct AwsCredentialSettings {
    std::variant<AwsKeySettings, AwsRoleSettings, AwsProfileSettings, AwsChainSettings> kind;
};

/// Members of a destination's settings with an AWS `credentials` object that are secrets, at every depth there can be
/// (DestinationKind::secret_paths).
inline constexpr std::array<std::string_view, 6> kAwsCredentialSecretPaths = {
    "credentials.csv",        "credentials.secret_access_key",        "credentials.session_token",
    "credentials.source.csv", "credentials.source.secret_access_key", "credentials.source.session_token"};

/// Whose settings they are, and so what they may use.
struct AwsCredentialRules {
    /// False: no `csv_file` or other files, no `profile`, no `environment`.
    bool operator_owned = true;
    /// What a tenant's role must ask for when Sluice itself assumes it, so that no tenant can have another's role
    /// assumed. Ignored for the operator.
    std::string external_id;
};

/// The external id that Sluice makes for a tenant's integration, and shows. It names the org, so that whoever gets an
/// id that another org gave up gets nothing of that org's roles with it.
std::string aws_external_id_for(std::string_view org, std::string_view integration_id);

/// Whose an AWS `credentials` object is, as far as it tells, for people: `access key id` and the id, `role` and its
/// ARN. Never a secret. nullopt when it says nothing, or nothing that can be read.
std::optional<std::pair<std::string, std::string>> describe_aws_credentials(const boost::json::value& credentials);

/// Reads `credentials`. White space, byte order mark, CRLF and quotes around what was pasted are forgiven. The error
/// names the member by `path` (`destination.credentials`) and what is wrong with it, and contains nothing of any value.
Result<AwsCredentialSettings> parse_aws_credentials(const boost::json::value& credentials, std::string_view path,
                                                    const AwsCredentialRules& rules, const AwsEnvironment& environment);

}  // namespace sluice::auth
