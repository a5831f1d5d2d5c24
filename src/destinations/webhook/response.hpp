#pragma once

#include "destination/destination.hpp"
#include "http/client.hpp"

namespace sluice::webhook {

/// What an answer means for its event (product.md: 2xx accepted; 408, 425, 429, 5xx and 401, 403, 404, 410 retried
/// under their class; other 4xx rejected). `url` is for people. Pure.
Verdict verdict_of(const http::ClientResponse& response, const std::string& url);

}  // namespace sluice::webhook
