#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/google_key_file.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice::auth {

/// What a call to Google carries to say who makes it.
struct GoogleToken {
    Secret bearer;              ///< after `Bearer `
    std::string quota_project;  ///< x-goog-user-project; empty: none
    std::optional<Timestamp> expires;
    std::string origin;  ///< for people: `service account robot@…`
};

/// Gives tokens that are good now: refreshed ahead of their end, one refresh at a time however many ask, the old one
/// kept in use while it lasts when a refresh fails. Thread: one shard.
class GoogleTokenProvider {
  public:
    virtual ~GoogleTokenProvider() = default;
    /// Errc::unauthenticated / unavailable with what is wrong and where it was asked.
    virtual boost::asio::awaitable<Result<GoogleToken>> get(Deadline deadline) = 0;
    /// The service refused the token: the next get() makes or fetches another.
    virtual void invalidate() = 0;
    /// With the refusal the service told its time, as an HTTP date. True when this machine's clock is so far from it
    /// that tokens are made for the service's time from now on; the next get() makes one.
    virtual bool learn_clock(std::string_view date) = 0;
    /// How far the service's clock is ahead of this machine's, where that was learnt.
    virtual std::chrono::milliseconds clock_offset() const = 0;
    virtual std::string describe() const = 0;
};

/// `{metadata: true}`: the service account of the machine that Sluice runs on, as its metadata server gives it out.
struct GoogleMetadataServer {};

using GoogleCredentialSettings = std::variant<GoogleServiceAccount, GoogleAuthorizedUser, GoogleMetadataServer>;

/// Reads a destination's `credentials`: a key file as text or object, or `{metadata: true}`, which is for the
/// operator's own integrations. The message follows the member's path, and contains nothing of any value.
Result<GoogleCredentialSettings> parse_google_credentials(const boost::json::value& given, bool operator_owned);

/// Whose credentials these are, without a secret: what tells two apart that may not share a connection.
std::string google_identity_of(const GoogleCredentialSettings& settings);

/// What fetching tokens needs of its surroundings; all of it outlives the provider.
struct GoogleCredentialContext {
    boost::asio::io_context& io;
    const Clock& clock;
    std::string audience;       ///< of self-signed tokens: `https://pubsub.googleapis.com/`
    ConnectOptions connect;     ///< to the token endpoint that a key file names
    std::string metadata_host;  ///< instead of the usual one (GCE_METADATA_HOST); empty: the usual one
};

/// Makes the provider. No I/O before the first get(), and none at all for a service account, which signs its own.
std::unique_ptr<GoogleTokenProvider> make_google_credentials(const GoogleCredentialSettings& settings,
                                                             GoogleCredentialContext context);

}  // namespace sluice::auth
