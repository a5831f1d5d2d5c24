#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "http/message.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/service.hpp"
#include "sandbox/event_hubs/access.hpp"
#include "sandbox/event_hubs/entra.hpp"
#include "sandbox/event_hubs/hubs.hpp"

namespace sluice::sandbox {

/// The HTTPS side of an Event Hubs namespace: sending (Microsoft, "Event Hubs REST API": Send event, Send batch events,
/// Send partition event), creating, reading and deleting event hubs as Atom entries, and Entra's token endpoint.
/// Thread: any.
class HttpsApi {
  public:
    HttpsApi(const Access& access, const EntraTokens& tokens, Hubs& hubs, FaultInjector& faults, const Clock& clock);

    static bool claims(const http::Request& request);
    static FaultWords fault_words();
    boost::asio::awaitable<Outcome> handle(http::Request request);

  private:
    /// What is asked for.
    struct Call {
        std::string_view operation;
        std::string hub;
        std::optional<std::string> partition;
        std::optional<std::string> publisher;
    };
    static std::optional<Call> read_call(const http::Request& request);

    http::Response run(const Call& call, const http::Request& request, Timestamp now);
    http::Response send(const Call& call, const http::Request& request, const Hubs::Hub& hub);
    http::Response manage(const Call& call, const http::Request& request);
    http::Response refuse_by_fault(const Call& call, const RequestFaults& faults) const;
    http::Response error(int status, std::string_view detail) const;
    std::string resource(std::string_view hub) const;
    std::string describe(const Hubs::Hub& hub) const;

    const Access& access_;
    const EntraTokens& tokens_;
    Hubs& hubs_;
    FaultInjector& faults_;
    const Clock& clock_;
    std::atomic<std::uint32_t> next_partition_{0};  ///< for what has no key
};

}  // namespace sluice::sandbox
