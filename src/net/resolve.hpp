#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice {

/// The addresses of a host, in the system's order of preference; an address stands for itself. Errc::not_found when
/// there are none, Errc::unavailable when nobody could be asked, Errc::timeout, Errc::cancelled. The system's call
/// blocks and cannot be ended: it runs on threads shared by the process, enough of them that one zone whose servers are
/// silent does not keep others waiting, and is left to itself when the deadline passes.
boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>> resolve(std::string host, Deadline deadline);

/// The addresses to connect to on the way to `endpoint`: its own, or its proxy's. Those that `options` forbids are left
/// out: whoever connects to exactly these, and to none that a later answer of the DNS names, reaches nothing internal.
/// Never empty. With a proxy, which resolves the endpoint's name itself, an endpoint that is written as an address is
/// still held to the options.
boost::asio::awaitable<boost::system::result<std::vector<boost::asio::ip::address>, ConnectError>> resolve_first_hop(
    Endpoint endpoint, ConnectOptions options, Deadline deadline);

}  // namespace sluice
