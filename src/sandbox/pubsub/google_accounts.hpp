#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "http/message.hpp"
#include "sandbox/pubsub/rpc_error.hpp"

namespace sluice::sandbox {

/// What a caller may do, as Google's predefined roles give it.
enum class GoogleRole {
    admin,      ///< roles/pubsub.admin: everything
    publisher,  ///< roles/pubsub.publisher: `pubsub.topics.publish` and nothing else
};

/// Who is calling, once the credentials were checked.
struct GoogleCaller {
    std::string email;
    GoogleRole role = GoogleRole::admin;

    /// `pubsub.topics.publish`
    bool may(std::string_view permission) const noexcept;
};

/// The accounts that the sandbox knows, and the access tokens it gave out. Two service accounts, one for each role,
/// with RSA keys made once per process, when first needed; and a user (`authorized_user`) with the rights of an admin.
///
/// Takes what a Pub/Sub client may send as bearer: a JWT signed by the account itself (Google AIP-4111), or an access
/// token from token(). The metadata server's token is the admin's.
/// Thread: any.
class GoogleAccounts {
  public:
    struct Options {
        /// How long access tokens last.
        std::chrono::seconds token_lifetime{3600};
    };

    explicit GoogleAccounts(Options options);

    /// The `.json` that Google Cloud's console hands out for a service account. `token_uri`: where token() is served.
    std::string service_account_json(GoogleRole role, std::string_view token_uri) const;
    /// What `gcloud auth application-default login` writes.
    std::string authorized_user_json(std::string_view token_uri) const;

    /// `authorization`: the header's value, empty when absent. `authorities`: `host:port`s that a JWT may name as its
    /// audience beside the service's own. Errors: UNAUTHENTICATED in Google's words, the reason beside.
    RpcResult<GoogleCaller> authenticate(std::string_view authorization, const std::vector<std::string>& authorities,
                                         Timestamp now) const;

    /// POST token_uri (RFC 6749 §6 and RFC 7523): refresh token or signed assertion for an access token.
    http::Response token(std::string_view form, Timestamp now);
    /// Google's metadata server, as far as clients look for a default account and its token.
    http::Response metadata(const http::Request& request, Timestamp now);

  private:
    struct AccessToken {
        GoogleCaller caller;
        Timestamp expires;
    };

    std::string issue(GoogleCaller caller, Timestamp now);
    std::string token_answer(GoogleCaller caller, Timestamp now);

    const Options options_;
    const std::string client_id_;
    const std::string client_secret_;
    const std::string refresh_token_;
    mutable std::mutex mutex_;
    std::map<std::string, AccessToken, std::less<>> tokens_;
};

}  // namespace sluice::sandbox
