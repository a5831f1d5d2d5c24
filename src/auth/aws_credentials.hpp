#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/deadline.hpp"

namespace sluice::auth {

struct AwsCredentials {
    std::string access_key_id;
    Secret secret_access_key;
    Secret session_token;  ///< empty for long-lived keys
    std::optional<Timestamp> expires;
    std::string origin;  ///< for people: `access key`, `profile "prod"`, `role arn:…`
};

inline AwsCredentials with_origin(AwsCredentials credentials, std::string origin) {
    credentials.origin = std::move(origin);
    return credentials;
}

/// Gives credentials that are good now: refreshed ahead of their end, one refresh at a time however many ask, the old
/// ones kept in use while they last when a refresh fails. Thread: one shard.
class AwsCredentialsProvider {
  public:
    virtual ~AwsCredentialsProvider() = default;
    /// Errc::unauthenticated / unavailable with what is wrong and where it was looked for.
    virtual boost::asio::awaitable<Result<AwsCredentials>> get(Deadline deadline) = 0;
    /// The service said that these are expired or unknown: the next get() fetches anew, where there is something to
    /// fetch. True when a new fetch can give something else (so that one retry makes sense).
    virtual bool invalidate() = 0;
    virtual std::string describe() const = 0;
};

}  // namespace sluice::auth
