#pragma once

#include "base/principal.hpp"
#include "http/access.hpp"
#include "http/message.hpp"
#include "sources/share_api/route.hpp"

namespace sluice::share_api {

using http::Authenticate;
using http::OrAnswer;

/// Who calls, acting for which org (in `Principal::org`), when they may do what `route` and the request's method say.
OrAnswer<Principal> authorise(const Route& route, const http::Request& request, const Authenticate& authenticate);

}  // namespace sluice::share_api
