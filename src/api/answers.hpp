#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.hpp"
#include "http/access.hpp"
#include "http/message.hpp"

namespace sluice::api {

http::Response json_response(int status, const boost::json::value& value);
/// The problem document of an error of ours; with Retry-After where trying again may help.
http::Response problem_of(const Error& error);
/// The request's body as a JSON object; 413 above 1 MiB, 400 with line and offset for what is not JSON. An empty body
/// is an empty object.
http::OrAnswer<boost::json::object> object_body(const http::Request& request);

}  // namespace sluice::api
