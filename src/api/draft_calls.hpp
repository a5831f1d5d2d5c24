#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "api/route_table.hpp"
#include "control/integration_directory.hpp"
#include "delivery/engine.hpp"
#include "destination/registry.hpp"

namespace sluice::api {

/// The calls on settings that are not kept yet: `/v1/drafts/…`. Nothing of what they are given is stored or logged, and
/// no answer has a secret. Thread: any. Lifecycle: outlives the server; what it is given outlives it.
class DraftCalls {
  public:
    DraftCalls(const IntegrationDirectory& directory, DeliveryEngine& engine, const DestinationRegistry& registry)
        : directory_(directory), engine_(engine), registry_(registry) {}
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer recognise(Call call);
    Answer check(Call call);
    Answer test(Call call);
    Answer sample(Call call);
    Answer preview(Call call);
    Answer recent(Call call);

    /// One of the few calls that reach out at a time; null when there are too many.
    std::shared_ptr<void> turn();
    boost::asio::awaitable<Result<std::optional<Event>>> event_for_preview(Principal caller, IntegrationConfig config,
                                                                           std::optional<Sequence> sequence);

    const IntegrationDirectory& directory_;
    DeliveryEngine& engine_;
    const DestinationRegistry& registry_;
    std::shared_ptr<std::atomic<int>> reaching_out_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace sluice::api
