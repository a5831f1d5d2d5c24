#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"
#include "ingest/refusal.hpp"

namespace sluice::share_api {

/// How a refusal is answered: its kind's status, its code, line and offset, Retry-After where waiting helps.
http::Response problem_of(const Refusal& refusal);

/// 401: `detail` says what is missing; with WWW-Authenticate.
http::Response unauthenticated(std::string_view detail, bool token_was_given);
/// 403 for a scope the token does not have; names it.
http::Response missing_scope(std::string_view scope);
http::Response forbidden(std::string_view code, std::string_view detail);
http::Response bad_request(std::string_view code, std::string_view detail);
http::Response unacceptable(std::string_view code, std::string_view detail);
http::Response unsupported_media_type(std::string_view detail);
http::Response unknown_path();
http::Response method_not_allowed(std::string_view method, std::string_view allowed);

}  // namespace sluice::share_api
