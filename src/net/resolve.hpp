#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/deadline.hpp"

namespace sluice {

/// The addresses of a host, in the system's order of preference; an address stands for itself. Errc::not_found when
/// there are none, Errc::unavailable when nobody could be asked, Errc::timeout, Errc::cancelled. The system's call
/// blocks and cannot be ended: it runs on threads shared by the process, enough of them that one zone whose servers are
/// silent does not keep others waiting, and is left to itself when the deadline passes.
boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>> resolve(std::string host, Deadline deadline);

}  // namespace sluice
