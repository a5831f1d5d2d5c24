#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/webhook/config.hpp"

namespace sluice::webhook {

/// One event a request, over a pool of keep-alive connections.
std::unique_ptr<Destination> make_destination(WebhookConfig config, const DestinationContext& context);

}  // namespace sluice::webhook
