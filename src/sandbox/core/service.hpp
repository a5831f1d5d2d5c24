#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"
#include "sandbox/core/fault_words.hpp"

namespace sluice::sandbox {

/// What becomes of a request: an answer, or what a broken network would make of it.
struct Outcome {
    enum class Ending {
        answer,
        hang,   ///< the connection stays open and silent
        reset,  ///< the connection is closed without an answer
    };
    Ending ending = Ending::answer;
    http::Response response;
};

/// A stream or queue of a stand-in, for the control API.
struct Target {
    std::string service;
    std::string name;
    std::string details_json;  ///< members beyond service and name, as a JSON object
};

/// Where and how a stand-in whose protocol is not HTTP/1.1 listens, on a port of its own.
struct ListenOptions {
    std::string address = "127.0.0.1";
    /// The sandbox's own port when the user chose one: a listener then takes a fixed port after it (docs/sandbox.md).
    /// 0: any free one, kept over stop() and start().
    std::uint16_t base_port = 0;
    /// The sandbox's certificate and key; both empty: plain text.
    std::string certificate_pem;
    std::string key_pem;
    /// The sandbox's own `http://127.0.0.1:4580`, for what refers to it.
    std::string url;
};

/// A port that a stand-in listens on beside the sandbox's own.
struct Listener {
    std::string name;  ///< `event_hubs_kafka`, `iot_hub_mqtt`, `pubsub_grpc`
    std::string url;   ///< what to give to an integration as its `endpoint`
};

/// What a user pastes to be let in, where it is made at the start or is more than a line.
struct Credential {
    std::string name;  ///< `google_admin.json`
    std::string text;
};

/// The stand-in for one cloud's services: what the sandbox's server and control API need of it.
/// Thread: start() and stop() one at a time; all others any, several requests at a time. Lifecycle: stop() ends the
/// listeners, not the state.
class Service {
  public:
    virtual ~Service() = default;

    /// Opens the listeners, if it has any, on threads of its own. Errors: the port is taken.
    virtual Result<void> start(const ListenOptions&) { return {}; }
    /// Connections are cut off; joins what start() began. Idempotent.
    virtual void stop() {}
    /// Those that are open.
    virtual std::vector<Listener> listeners() const { return {}; }
    virtual std::vector<Credential> credentials() const { return {}; }

    /// True when the request is this cloud's: by its head alone.
    virtual bool claims(const http::Request& request) const = 0;
    virtual boost::asio::awaitable<Outcome> handle(http::Request request) = 0;

    virtual std::vector<Target> targets() const = 0;
    /// The names by which the control API knows its services: `kinesis`, `sqs`.
    virtual std::vector<std::string_view> services() const = 0;
    /// What fault rules can say of it: by protocol, where they differ.
    virtual std::vector<FaultWords> fault_words() const = 0;
    /// `settings`: a JSON object; what may be in it is the service's. Errc::conflict when the target exists.
    virtual Result<void> create_target(std::string_view service, std::string_view name, std::string_view settings) = 0;
    /// A deleted target is not made again by being used, only by being created.
    virtual Result<void> delete_target(std::string_view service, std::string_view name) = 0;
};

}  // namespace sluice::sandbox
