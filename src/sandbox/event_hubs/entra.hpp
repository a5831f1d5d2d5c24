#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "http/message.hpp"
#include "sandbox/event_hubs/rights.hpp"

namespace sluice::sandbox {

/// An application registered in the sandbox's directory, with a role on its namespace.
struct EntraApplication {
    std::string client_id;
    std::string client_secret;
    Claims claims;
};

inline constexpr std::string_view kSandboxTenant = "5a9d0c1e-0000-4000-8000-736c75696365";
inline constexpr std::string_view kSandboxOwnerId = "5a9d0c1e-0001-4000-8000-736c75696365";
inline constexpr std::string_view kSandboxOwnerSecret = "sluice~sandbox.owner-secret_not.for.production";
inline constexpr std::string_view kSandboxSenderId = "5a9d0c1e-0002-4000-8000-736c75696365";
inline constexpr std::string_view kSandboxSenderSecret = "sluice~sandbox.sender-secret_not.for.production";

/// Microsoft Entra's token endpoint, as far as client credentials go, and the check of the tokens it gave (Microsoft,
/// "OAuth 2.0 client credentials flow"). Tokens have a JWT's form, signed with a key that is made for each run: to a
/// client they are opaque. Thread: any.
class EntraTokens {
  public:
    struct Options {
        std::string tenant{kSandboxTenant};
        /// Azure Event Hubs Data Owner, and Data Sender.
        std::vector<EntraApplication> applications{
            {std::string(kSandboxOwnerId), std::string(kSandboxOwnerSecret), {true, true, true}},
            {std::string(kSandboxSenderId), std::string(kSandboxSenderSecret), {false, true, false}},
        };
        std::chrono::seconds lifetime{3599};
    };

    /// `host`: of the namespace, whose tokens may be asked for.
    EntraTokens(Options options, std::string host);

    const Options& options() const noexcept { return options_; }

    /// `POST /{tenant}/oauth2/v2.0/token`
    static bool claims(const http::Request& request);
    http::Response issue(const http::Request& request, Timestamp now) const;

    struct Refusal {
        std::string code;
        std::string message;
    };
    /// Who a token was issued to. `ExpiredToken`, `InvalidToken`.
    boost::system::result<Rights, Refusal> check(std::string_view token, Timestamp now) const;

  private:
    std::string sign(std::string_view text) const;

    const Options options_;
    const std::string host_;
    const std::string key_;
};

}  // namespace sluice::sandbox
