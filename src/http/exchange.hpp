#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "http/client.hpp"
#include "net/stream.hpp"

namespace sluice::http {

/// One request and its response on a connection.
struct Exchanged {
    ClientResponse response;
    bool reusable = false;  ///< the connection may carry another request
};

/// The head of a request. Errc::invalid_argument when a method, target or field cannot be sent as it is.
Result<std::string> serialize_request_head(const ClientRequest& request, const Endpoint& endpoint, bool through_proxy);

/// Sends `head` and the request's body and reads the response; interim responses are skipped. In an error, `maybe_sent`
/// is true when the operating system has taken any byte for sending.
boost::asio::awaitable<boost::system::result<Exchanged, ClientError>> exchange(Stream& stream,
                                                                               const ClientRequest& request,
                                                                               std::string head, Deadline deadline);

}  // namespace sluice::http
