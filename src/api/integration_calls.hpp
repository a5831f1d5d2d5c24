#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/route_table.hpp"
#include "control/integration_directory.hpp"
#include "http/access.hpp"

namespace sluice::api {

/// The calls on integrations: `/v1/integrations…`. Thread: any. Lifecycle: outlives the server; the directory outlives
/// it.
class IntegrationCalls {
  public:
    explicit IntegrationCalls(IntegrationDirectory& directory) : directory_(directory) {}
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer list(Call call);
    Answer create(Call call);
    Answer get(Call call);
    Answer change(Call call);
    Answer erase(Call call);
    Answer test(Call call);
    Answer sample(Call call);
    Answer pause(Call call);
    Answer resume(Call call);
    Answer replay(Call call);
    Answer dead_letters(Call call);
    Answer dead_letter(Call call);
    Answer redeliver(Call call);
    Answer discard(Call call);
    /// The revision that If-Match names; empty: any will do.
    http::OrAnswer<std::string> expected_revision(const Call& call) const;

    IntegrationDirectory& directory_;
};

}  // namespace sluice::api
