#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "api/route_table.hpp"
#include "base/clock.hpp"
#include "control/access_directory.hpp"

namespace sluice::api {

/// A token as an answer shows it: never its text.
boost::json::object to_json(const AccessDirectory::TokenItem& item, Timestamp now);

/// The calls on tokens: `/v1/tokens…`, for the operator, and for an org's own with every scope of it. Thread: any.
/// Lifecycle: outlives the server; the directory outlives it.
class TokenCalls {
  public:
    TokenCalls(AccessDirectory& directory, const Clock& clock) : directory_(directory), clock_(clock) {}
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer list(Call call);
    Answer create(Call call);
    Answer get(Call call);
    Answer revoke(Call call);
    Answer rotate(Call call);

    AccessDirectory& directory_;
    const Clock& clock_;
};

}  // namespace sluice::api
