#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/metrics.hpp"
#include "api/route_table.hpp"
#include "api/tail.hpp"
#include "control/integration_directory.hpp"
#include "delivery/engine.hpp"
#include "net/blocking_pool.hpp"

namespace sluice::api {

/// The calls on the node as a whole: status, reload, live tail, metrics, health. Thread: any. Lifecycle: outlives the
/// server; what it is given outlives it.
class NodeCalls {
  public:
    struct Parts {
        DeliveryEngine& engine;
        TailHub& tail;
        BlockingPool& blocking;
        MetricsPer metrics_per = MetricsPer::integration;
        std::function<NodeStatus()> node_status;
        /// Why it cannot take writes or deliver; nullopt when ready.
        std::function<std::optional<std::string>()> not_ready;
        /// Applies the configuration file as it is now.
        std::function<boost::asio::awaitable<Result<IntegrationDirectory::Reloaded>>()> reload;
        /// Whether the token of this SHA-256 is good still: a live tail ends with it.
        std::function<bool(const std::string&)> token_in_force;
    };
    explicit NodeCalls(Parts parts) : parts_(std::move(parts)) {}
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer health(Call call);
    Answer ready(Call call);
    Answer metrics(Call call);
    Answer status(Call call);
    Answer reload(Call call);
    Answer tail(Call call);

    Parts parts_;
};

}  // namespace sluice::api
