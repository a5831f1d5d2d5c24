#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <optional>
#include <string_view>

#include "base/principal.hpp"
#include "http/message.hpp"

namespace sluice::http {

/// A value, or the answer that refuses the request.
template <class T>
using OrAnswer = boost::system::result<T, Response>;

/// Whom the token that a request brings stands for, or the answer that refuses it. Called once a request, on every
/// shard, before bodies are read: it must not block. The text is only there for the call.
using Authenticate = std::function<OrAnswer<Principal>(const Request& request, std::string_view token)>;

/// The token of `Authorization: Bearer TOKEN` (RFC 6750); empty when there is none.
std::string_view bearer_token(const Request& request);

/// Who calls by the request's bearer token; 401 when it has none, else what `authenticate` says.
OrAnswer<Principal> identify(const Request& request, const Authenticate& authenticate);

/// Sets the org that the operator acts for (`Sluice-Org`, else `default`); refuses anybody else who names a foreign
/// one.
std::optional<Response> choose_org(Principal& principal, const Request& request);

/// 401: `detail` says what is missing; with WWW-Authenticate.
Response unauthenticated(std::string_view detail, bool token_was_given);
/// 403 for a scope that the token does not have; names it.
Response missing_scope(Scope scope);
/// A problem whose title is the status's own phrase.
Response plain_problem(int status, std::string_view code, std::string_view detail);
/// 405 with Allow.
Response method_not_allowed(std::string_view method, std::string_view allowed);
/// 404 for a path that names nothing.
Response unknown_path();

}  // namespace sluice::http
