#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <vector>

#include "api/route_table.hpp"
#include "http/access.hpp"
#include "http/message.hpp"

namespace sluice::api {

/// The management API as the server sees it: finds a request's row in the table, says who may call, and hands the call
/// on (product.md). Decides nothing itself. Thread: any shard. Lifecycle: filled before serving; outlives the server.
class ManagementApi {
  public:
    explicit ManagementApi(http::Authenticate authenticate) : authenticate_(std::move(authenticate)) {}

    /// One group of calls; what answers them outlives this.
    void add(std::vector<Route> routes) { table_.add(std::move(routes)); }
    const RouteTable& table() const noexcept { return table_; }

    /// Before the body is read: refuses who may not call.
    std::optional<http::Response> check_head(const http::Request& request) const;
    boost::asio::awaitable<http::Response> handle(http::Request request);

  private:
    /// A request that may go ahead.
    struct Admitted {
        RouteTable::Match match;
        Principal caller;
    };
    http::OrAnswer<Admitted> admit(const http::Request& request) const;
    http::OrAnswer<Principal> authorise(const Route& route, const http::Request& request) const;

    http::Authenticate authenticate_;
    RouteTable table_;
};

}  // namespace sluice::api
