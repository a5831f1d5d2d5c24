#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "sandbox/event_hubs/entra.hpp"
#include "sandbox/event_hubs/rights.hpp"

namespace sluice::sandbox {

/// A shared access policy. On an event hub where `hub` is set, else on the namespace.
struct SasPolicy {
    std::string name;
    std::string key;  ///< its text is the key: it is not decoded
    std::string hub;
    Claims claims;
};

// What everybody may know, so that an integration for the sandbox can be written down and pasted.
inline constexpr std::string_view kSandboxNamespace = "sluice-sandbox.servicebus.windows.net";
inline constexpr std::string_view kSandboxManageKey = "c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=";
inline constexpr std::string_view kSandboxSendKey = "c2x1aWNlLXNhbmRib3gtc2VuZGVyLWtleS1wdWJsaWM=";
inline constexpr std::string_view kSandboxEntityKey = "c2x1aWNlLXNhbmRib3gtZW50aXR5LWtleS1wdWJsaWM=";
inline constexpr std::string_view kSandboxHub = "building-events";

/// Who may do what in the sandbox's namespace: checks what clients show. Thread: any; it does not change.
class Access {
  public:
    struct Options {
        std::string host{kSandboxNamespace};
        std::vector<SasPolicy> policies{
            {"RootManageSharedAccessKey", std::string(kSandboxManageKey), {}, {true, true, true}},
            {"send-only", std::string(kSandboxSendKey), {}, {false, true, false}},
            {"hub-send-only", std::string(kSandboxEntityKey), std::string(kSandboxHub), {false, true, false}},
        };
    };
    /// Why somebody is not let in, in the service's words.
    struct Refusal {
        std::string code;  ///< `InvalidSignature`, `ExpiredToken`, …
        std::string message;
    };
    template <class T>
    using Checked = boost::system::result<T, Refusal>;

    Access(Options options, const EntraTokens& tokens) : options_(std::move(options)), tokens_(tokens) {}

    const std::string& host() const noexcept { return options_.host; }
    /// What a portal would show for a policy: `Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…[;EntityPath=…]`.
    std::string connection_string(const SasPolicy& policy) const;
    const std::vector<SasPolicy>& policies() const noexcept { return options_.policies; }

    /// The response of SASL PLAIN (RFC 4616): user `$ConnectionString`, a connection string as the password.
    Checked<Rights> check_plain(std::string_view response) const;
    /// The response of SASL OAUTHBEARER (RFC 7628).
    Checked<Rights> check_oauth_bearer(std::string_view response, Timestamp now) const;
    /// An Authorization header, for a request to `path` at `request_host` (a Host header): a SAS token whose scope is a
    /// prefix of that, or a bearer token.
    Checked<Rights> check_authorization(std::string_view header, std::string_view request_host, std::string_view path,
                                        Timestamp now) const;

  private:
    const SasPolicy* find_policy(std::string_view name, std::string_view hub) const;
    /// The namespace's own name, and loopback: emulators are addressed so.
    bool is_own_host(std::string_view host) const;
    Checked<Rights> check_sas(std::string_view token, std::string_view request_host, std::string_view path,
                              Timestamp now) const;

    const Options options_;
    const EntraTokens& tokens_;
};

}  // namespace sluice::sandbox
