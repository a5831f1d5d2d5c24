#pragma once

#include <span>
#include <string>

#include "base/secret.hpp"
#include "destination/destination.hpp"
#include "http/client.hpp"

namespace sluice::webhook {

/// What an answer means for its event (product.md: 2xx accepted; 408, 425, 429, 5xx and 401, 403, 404, 410 retried
/// under their class; other 4xx rejected). `url` is for people. Of the receiver's words `unquotable` is struck out.
/// Pure.
Verdict verdict_of(const http::ClientResponse& response, const std::string& url,
                   std::span<const Secret> unquotable = {});

}  // namespace sluice::webhook
