#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"

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

/// The stand-in for one cloud's HTTP services: what the sandbox's server and control API need of it.
/// Thread: any; several requests at a time.
class Service {
  public:
    virtual ~Service() = default;

    /// True when the request is this cloud's: by its head alone.
    virtual bool claims(const http::Request& request) const = 0;
    virtual boost::asio::awaitable<Outcome> handle(http::Request request) = 0;

    virtual std::vector<Target> targets() const = 0;
    /// The names by which the control API knows its services: `kinesis`, `sqs`.
    virtual std::vector<std::string_view> services() const = 0;
    /// `settings`: a JSON object; what may be in it is the service's. Errc::conflict when the target exists.
    virtual Result<void> create_target(std::string_view service, std::string_view name, std::string_view settings) = 0;
    /// A deleted target is not made again by being used, only by being created.
    virtual Result<void> delete_target(std::string_view service, std::string_view name) = 0;
};

}  // namespace sluice::sandbox
