#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "destination/destination.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice {

/// The first steps of every *test* call: `name resolution`, `connection`, `TLS`, each with its outcome and hint. Opens
/// one connection and closes it; sends nothing. False when a step failed: the later ones are then added as skipped.
boost::asio::awaitable<bool> probe_connection(boost::asio::io_context& io, Endpoint endpoint, ConnectOptions options,
                                              Deadline deadline, ProbeReport& report);

}  // namespace sluice
