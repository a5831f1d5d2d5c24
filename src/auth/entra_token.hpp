#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/refreshing.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice::auth {

/// An application registered with Microsoft Entra, and what its tokens are for. Plain value.
struct EntraSettings {
    Endpoint authority;     ///< `https://login.microsoftonline.com`, or a sovereign cloud's
    std::string tenant_id;  ///< the directory: its id, or one of its domains
    std::string client_id;
    Secret client_secret;
    std::string scope;  ///< `https://eventhubs.azure.net/.default`
};

/// The tenant's id stands in the request's path and the client's in what people read: both are checked. The message
/// begins with `tenant` or `client`.
Result<void> check_entra_ids(const EntraSettings& settings);

struct EntraToken {
    Secret text;
    std::optional<Timestamp> expires;  ///< always there
    std::string origin;                ///< for people: `application 8a2b…`
};

/// Form and answer of the client credentials grant
/// (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). Pure.
std::string entra_token_path(const EntraSettings& settings);
Secret entra_token_form(const EntraSettings& settings);
/// Errc::unauthenticated when the application or its secret was refused, unavailable when the service failed. The
/// message has Entra's own code (`AADSTS7000215`) and never the secret.
Result<EntraToken> read_entra_answer(int status, std::string_view body, Timestamp now);

/// Tokens of one application: keeps the one it has and fetches the next in time. From ten minutes before the end (or
/// half of a short life) one caller fetches while the others go on with the old one; in the last five minutes all wait
/// for it. When that fails the old one is used while it lasts, and the next attempt is 30 seconds later. Thread: one
/// shard. Lifecycle: close() before destruction.
class EntraTokens {
  public:
    static constexpr std::chrono::minutes kAdvisory{10};
    static constexpr std::chrono::minutes kMandatory{5};

    EntraTokens(boost::asio::io_context& io, const Clock& clock, EntraSettings settings, ConnectOptions connect);
    ~EntraTokens();

    boost::asio::awaitable<Result<EntraToken>> get(Deadline deadline);
    /// The service refused the token: the next get() fetches another.
    void invalidate();
    void close();

  private:
    class Source;

    EntraTokens(std::unique_ptr<Source> source, const Clock& clock);

    Source* source_;  ///< which `refreshing_` owns
    Refreshing<EntraToken> refreshing_;
};

}  // namespace sluice::auth
