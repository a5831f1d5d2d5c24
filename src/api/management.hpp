#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

#include "api/metrics.hpp"
#include "api/tail.hpp"
#include "base/principal.hpp"
#include "control/integration_directory.hpp"
#include "delivery/engine.hpp"
#include "http/access.hpp"
#include "http/message.hpp"

namespace sluice::api {

/// The management API: `/v1/…`, `/metrics`, `/healthz`, `/readyz` (product.md). Translates between HTTP and the
/// directory of integrations; decides nothing itself. Thread: any shard. Lifecycle: outlives the server.
class ManagementApi {
  public:
    struct Parts {
        IntegrationDirectory& integrations;
        DeliveryEngine& engine;
        TailHub& tail;
        http::Authenticate authenticate;
        std::function<NodeStatus()> node_status;
        /// Why it cannot take writes or deliver; nullopt when ready.
        std::function<std::optional<std::string>()> not_ready;
        /// Applies the configuration file as it is now.
        std::function<boost::asio::awaitable<Result<IntegrationDirectory::Reloaded>>()> reload;
    };
    explicit ManagementApi(Parts parts) : parts_(std::move(parts)) {}

    /// True when the path is this API's.
    static bool is_path(std::string_view path) noexcept;
    /// Before the body is read: refuses who may not call.
    std::optional<http::Response> check_head(const http::Request& request) const;
    boost::asio::awaitable<http::Response> handle(http::Request request);

  private:
    struct Route;
    static std::optional<Route> route_of(const http::Request& request);
    http::OrAnswer<Principal> authorise(const Route& route, const http::Request& request) const;
    boost::asio::awaitable<http::Response> integrations(Route route, Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> list(Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> create(Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> change(std::string id, Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> dead_letters(std::string id, Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> settle_dead_letters(Route route, Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> replay(std::string id, Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> reload(Principal caller);
    boost::asio::awaitable<http::Response> act(Route route, Principal caller, http::Request request);
    boost::asio::awaitable<http::Response> status();
    boost::asio::awaitable<http::Response> metrics();
    http::Response tail(Principal caller, const http::Request& request);

    Parts parts_;
};

}  // namespace sluice::api
