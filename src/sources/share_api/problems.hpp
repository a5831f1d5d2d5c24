#pragma once

#include <string>
#include <string_view>

#include "http/access.hpp"
#include "http/message.hpp"
#include "ingest/refusal.hpp"

namespace sluice::share_api {

/// How a refusal is answered: its kind's status, its code, line and offset, Retry-After where waiting helps.
http::Response problem_of(const Refusal& refusal);

http::Response bad_request(std::string_view code, std::string_view detail);
http::Response unacceptable(std::string_view code, std::string_view detail);
http::Response unsupported_media_type(std::string_view detail);

}  // namespace sluice::share_api
