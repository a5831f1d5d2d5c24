#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "auth/aws_environment.hpp"
#include "base/result.hpp"

namespace sluice::auth {

/// Names and values of one section of AWS's shared files; names in lower case.
using AwsProfile = std::map<std::string, std::string, std::less<>>;

/// Sections of one file, `[profile x]` and `[x]` by what stands between the brackets. Lenient as the SDKs are:
/// comments, blank lines and indented (nested) values are skipped. The error names the line.
Result<std::map<std::string, AwsProfile, std::less<>>> parse_aws_sections(std::string_view text);

/// `~/.aws/credentials` and `~/.aws/config` (or AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE), as they are now.
class AwsProfileFiles {
  public:
    /// A file that does not exist counts as empty.
    static Result<AwsProfileFiles> load(const AwsEnvironment& environment);

    /// The section of that name from either file; null when there is none.
    const AwsProfile* in_credentials(std::string_view name) const;
    const AwsProfile* in_config(std::string_view name) const;
    /// Both, credentials first; nullopt when the profile is in neither.
    std::optional<AwsProfile> merged(std::string_view name) const;

    /// For messages: `/home/x/.aws/credentials and /home/x/.aws/config`.
    const std::string& places() const noexcept { return places_; }

  private:
    std::map<std::string, AwsProfile, std::less<>> credentials_;
    std::map<std::string, AwsProfile, std::less<>> config_;
    std::string places_;
};

}  // namespace sluice::auth
