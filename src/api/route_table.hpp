#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/principal.hpp"
#include "http/message.hpp"

namespace sluice::api {

/// Who may make a call.
enum class Access {
    open,              ///< anybody, without a token
    open_on_loopback,  ///< anybody on this machine; from elsewhere whoever has the scope
    scope,             ///< whoever has the scope, for their own org
    operator_only,     ///< an operator's token that has the scope
};

/// One call, allowed and its path taken apart.
struct Call {
    Principal caller;                     ///< nobody for calls that are open
    std::vector<std::string> parameters;  ///< what stands for the path's `{…}`, in order, decoded
    http::Request request;
};

/// One row of the management API: a method on a path, who may call it, and what answers.
struct Route {
    using Handle = std::function<boost::asio::awaitable<http::Response>(Call)>;
    std::string_view method;  ///< one; HEAD is served by GET, OPTIONS by the table
    std::string_view path;    ///< `/v1/integrations/{id}`: whole segments only
    Access access = Access::scope;
    Scope scope = Scope::all;
    Handle handle;
    /// Written to the audit log; false for what changes nothing although its method is not GET.
    bool is_change = true;
    /// The query parameters that it takes; another is refused, so that a misspelt one does not pass for an answer to
    /// it. Null for what says itself which it knows, and for what is open: a scraper may have something to add.
    std::optional<std::vector<std::string_view>> query = std::vector<std::string_view>();
};

/// All calls of the management API. What is not here does not exist: the document at /openapi.json and the tests that
/// try each way in are held to it. Filled before serving, immutable then. Thread: any.
class RouteTable {
  public:
    void add(std::vector<Route> routes);
    const std::vector<Route>& all() const noexcept { return routes_; }

    struct Match {
        const Route* route = nullptr;        ///< null: the path is known, the method does not apply to it
        const Route* any_of_path = nullptr;  ///< some route of the path: who may know that it exists
        std::vector<std::string> parameters;
        std::string methods;  ///< what applies to the path, for Allow
    };
    /// nullopt for a path that names nothing.
    std::optional<Match> find(const http::Request& request) const;

  private:
    std::vector<Route> routes_;
};

}  // namespace sluice::api
