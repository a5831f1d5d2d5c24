#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "auth/clock_skew.hpp"
#include "auth/entra_token.hpp"
#include "base/clock.hpp"
#include "destinations/event_hubs/config.hpp"
#include "net/deadline.hpp"

namespace sluice::event_hubs {

/// What an HTTPS request carries as its `Authorization`: a shared access signature made here for one hub (for an hour,
/// renewed after 48 minutes), the one that was pasted, or Entra's token. Thread: one shard. Lifecycle: close() before
/// destruction.
class HubAccess {
  public:
    static constexpr std::chrono::minutes kLife{60};
    static constexpr std::chrono::minutes kRenewAfter{48};

    HubAccess(boost::asio::io_context& io, const Clock& clock, const Config& config);

    /// Errc::unauthenticated or unavailable when Entra gives no token.
    boost::asio::awaitable<Result<Secret>> authorization(std::string hub, Deadline deadline);
    /// What was given was refused, by an answer of this `Date`. True when asking again can give something else: another
    /// of Entra's tokens, or a signature for the service's own time where this machine's clock is why.
    bool refused(std::string_view hub, std::string_view date);
    void close();

  private:
    struct Signature {
        Secret text;
        Timestamp renew_at{};
        std::chrono::milliseconds made_with{0};  ///< the clock's offset, when it was
    };

    const Clock& clock_;
    const Config& config_;
    std::map<std::string, Signature, std::less<>> signatures_;
    std::unique_ptr<auth::EntraTokens> tokens_;
    auth::ClockSkew skew_;
};

}  // namespace sluice::event_hubs
