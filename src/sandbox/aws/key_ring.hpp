#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/aws_credentials.hpp"
#include "base/clock.hpp"

namespace sluice::sandbox {

/// A long-lived access key that the stand-ins accept.
struct AccessKey {
    std::string access_key_id;
    std::string secret_access_key;
};

/// What the sandbox accepts when nothing else is configured. Public on purpose: it opens nothing but a sandbox.
inline constexpr std::string_view kSandboxAccessKeyId = "AKIASLUICESANDBOX000";
inline constexpr std::string_view kSandboxSecretAccessKey = "sluice/sandbox+secret/not+for+production";

/// The keys that the stand-ins for AWS know: configured ones, and sessions that AssumeRole gave out. Thread: any.
class KeyRing {
  public:
    explicit KeyRing(const std::vector<AccessKey>& keys);

    /// With `session_token` and `expires` for a session. nullopt for a key that was never given out.
    std::optional<auth::AwsCredentials> find(std::string_view access_key_id) const;
    /// Knows one more; a key of the same id is replaced.
    void add(auth::AwsCredentials credentials);
    auth::AwsCredentials open_session(Timestamp expires, std::string origin);

  private:
    mutable std::mutex mutex_;
    std::map<std::string, auth::AwsCredentials, std::less<>> keys_;
};

}  // namespace sluice::sandbox
