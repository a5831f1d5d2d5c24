#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "destination/destination.hpp"
#include "destinations/pubsub/error_table.hpp"
#include "net/endpoint.hpp"

namespace sluice::pubsub {

/// How much is told of what the service, or gRPC, says.
inline constexpr std::size_t kMostMessageBytes = 600;

/// What became of one call. Plain value.
struct Answer {
    Status status = Status::unknown;
    std::string message;  ///< the service's own, or gRPC's where the service never answered
    std::string body;     ///< the answer's bytes; only of a success
    std::string details;  ///< google.rpc.Status, serialized; may be empty
    std::string date;     ///< the service's time, told with a failure; may be empty
    bool maybe_sent = false;
    /// Why the call was not even begun: no address, no token. Then nothing else is told.
    std::shared_ptr<const Failure> not_begun;

    bool ok() const noexcept { return status == Status::ok && !not_begun; }
};

/// Why a call failed, for people. `target`: the topic it was about.
Failure failure_of(const Answer& answer, const std::string& target, const Endpoint& endpoint);
/// What it means for the messages of a Publish request. One and the same Failure object is to be shared by them.
Verdict verdict_of(const Answer& answer, const std::string& target, const Endpoint& endpoint);
/// What else is on its way to the same topic would fare the same.
bool stops_others(const Answer& answer);

/// What google.rpc.Status tells beside code and message.
struct ErrorDetails {
    std::string reason;                                    ///< google.rpc.ErrorInfo: `SERVICE_DISABLED`
    std::optional<std::chrono::milliseconds> retry_after;  ///< google.rpc.RetryInfo
};
/// Reads it; what cannot be read is nothing told.
ErrorDetails read_error_details(std::string_view bytes);

}  // namespace sluice::pubsub
