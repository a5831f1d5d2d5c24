#pragma once

#include "destination/destination.hpp"
#include "http/client.hpp"
#include "net/endpoint.hpp"

namespace sluice {

/// How a request that got no answer is told: always `transient`, with a stable code and what to do. Pure.
Failure connection_failure(const http::ClientError& error, const Endpoint& endpoint);

/// The verdict for it: ambiguous exactly when the service may have acted on the request.
Verdict connection_verdict(const http::ClientError& error, const Endpoint& endpoint);

/// What to do about a failed step on the way to a connection, in plain words. Pure.
std::string connection_hint(ConnectStep step, const Endpoint& endpoint);
/// The same for a failure at hand: an address that may not be connected to is nobody's DNS's fault.
std::string connection_hint(ConnectStep step, const Endpoint& endpoint, const Error& error);

}  // namespace sluice
