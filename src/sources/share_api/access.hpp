#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <optional>
#include <string_view>

#include "base/principal.hpp"
#include "http/message.hpp"
#include "sources/share_api/route.hpp"

namespace sluice::share_api {

/// Whom a token's text stands for; nullopt for an unknown one. Called on every shard, also before bodies are read: it
/// must not block. The text is only there for the call.
using Authenticate = std::function<std::optional<Principal>(std::string_view token)>;

/// A value, or the answer that refuses the request.
template <class T>
using OrAnswer = boost::system::result<T, http::Response>;

/// Who calls, acting for which org (in `Principal::org`), when they may do what `route` and the request's method say.
OrAnswer<Principal> authorise(const Route& route, const http::Request& request, const Authenticate& authenticate);

}  // namespace sluice::share_api
