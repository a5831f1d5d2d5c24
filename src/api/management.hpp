#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <vector>

#include "api/route_table.hpp"
#include "control/audit_log.hpp"
#include "http/access.hpp"
#include "http/message.hpp"

namespace sluice::api {

/// The management API as the server sees it: finds a request's row in the table, says who may call, and hands the call
/// on (product.md). Decides nothing itself. Thread: any shard. Lifecycle: filled before serving; outlives the server.
class ManagementApi {
  public:
    /// Around each call that is a change: what is known before, and what became of it, written before the answer.
    struct Audit {
        std::function<AuditEntry(const Route& route, const Call& call)> begin;
        std::function<boost::asio::awaitable<void>(AuditEntry entry, int status, std::string code)> end;
    };
    ManagementApi(http::Authenticate authenticate, Audit audit)
        : authenticate_(std::move(authenticate)), audit_(std::move(audit)) {}

    /// One group of calls; what answers them outlives this.
    void add(std::vector<Route> routes) { table_.add(std::move(routes)); }
    const RouteTable& table() const noexcept { return table_; }

    /// Before the body is read: refuses who may not call. What it finds out stays with the request.
    std::optional<http::Response> check_head(http::Request& request) const;
    boost::asio::awaitable<http::Response> handle(http::Request request);

  private:
    /// A request that may go ahead.
    struct Admitted {
        RouteTable::Match match;
        Principal caller;
    };
    http::OrAnswer<Admitted> admit(const http::Request& request) const;
    http::OrAnswer<Principal> authorise(const Route& route, const http::Request& request) const;

    boost::asio::awaitable<http::Response> carry_out(const Route& route, Call call) const;

    http::Authenticate authenticate_;
    Audit audit_;
    RouteTable table_;
};

}  // namespace sluice::api
